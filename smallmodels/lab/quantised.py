"""Weight-only quantisation, the simplest that works: whole numbers and scales, multiplied in 16 bits.

A weight becomes round(weight / scale); INT8 has a scale for each row (output), INT4 one for each `GROUP`
weights of a row, since 15 levels are few. What a step reads shrinks to a half and to a quarter; whether its
time does is what `card_steps.quantised_step` asks. On CUDA the step is compiled, so that numbers are scaled
as they are read.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from smallmodels.lab.model import Decoder

GROUP = 64  # INT4 weights that share a scale
BITS = (8, 4)


class QuantisedLinear(nn.Module):
    """A Linear without bias in 8 or 4 bits. Raises ValueError for other bits, or rows that no groups fill.

    INT4 keeps two numbers a byte, weight i of a row with weight i + half, so that both halves are matrices.
    """

    numbers: Tensor  # (out, in) of int8, or (out, in / 2) of uint8
    scales: Tensor  # (out, groups)

    def __init__(self, weight: Tensor, bits: int) -> None:
        super().__init__()
        group = weight.shape[1] if bits == 8 else GROUP
        if bits not in BITS or weight.shape[1] % (2 * group if bits == 4 else 1):
            raise ValueError(
                f"Weights become 8 bits, or 4 in rows of a multiple of {2 * GROUP}; not {bits} in rows of "
                f"{weight.shape[1]}."
            )
        self.bits, largest = bits, 2 ** (bits - 1) - 1
        groups = weight.detach().float().reshape(len(weight), -1, group)  # (out, groups, group)
        scales = groups.abs().amax(dim=2, keepdim=True).clamp(min=1e-12) / largest
        numbers = (groups / scales).round().flatten(1).to(torch.int8)
        if bits == 4:
            low, high = (numbers + 8).to(torch.uint8).chunk(2, dim=1)  # 1 to 15
            numbers = low | (high << 4)
        self.register_buffer("numbers", numbers)
        self.register_buffer("scales", scales.squeeze(2).to(weight.dtype))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        if self.bits == 8:
            return linear(x, self.numbers.to(x.dtype)) * self.scales[:, 0]
        left, right = x.chunk(2, dim=-1)
        of_left, of_right = self.halves()
        return linear(left, of_left) + linear(right, of_right)

    def halves(self) -> tuple[Tensor, Tensor]:
        """The left and the right half of an INT4 matrix, (out, in / 2) each, scaled."""
        left, right = self.scales.chunk(2, dim=1)
        return self._scaled(self.numbers & 15, left), self._scaled(self.numbers >> 4, right)

    def _scaled(self, numbers: Tensor, scales: Tensor) -> Tensor:
        groups = (numbers.to(scales.dtype) - 8).reshape(*scales.shape, GROUP)
        return (groups * scales[:, :, None]).flatten(1)

    @property
    def nbytes(self) -> int:
        """Bytes that a product reads: the numbers and their scales."""
        return self.numbers.nbytes + self.scales.nbytes


def quantise(model: Decoder, bits: int) -> int:
    """Replace the matrices of the layers and of the output, in place; returns their bytes.

    Raises ValueError as `QuantisedLinear` does, and for a bias, which has no place there.
    """
    size = 0
    for parent in (model, *model.layers):
        for name, part in parent.named_children():
            if isinstance(part, nn.Linear):
                if "bias" in dict(part.named_parameters()):
                    raise ValueError("A matrix with a bias is not quantised here; take a model without.")
                short = QuantisedLinear(part.weight, bits)
                setattr(parent, name, short)
                size += short.nbytes
    return size
