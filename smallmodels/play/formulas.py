"""Bytes of rounded weights: numbers in, numbers out."""

from math import ceil

from smallmodels.arguments import checked, in_range

GROUP = 32  # weights of a row that share a scale
SCALE_BYTES = 2  # of half precision
FULL = 16  # bits of a weight that is not rounded


@checked
def rounded_bytes(rows: int, columns: int, bits: int) -> float:
    """Bytes of a matrix with so many bits a weight, and a scale of two bytes for each `GROUP` of a row.

    At 16 bits there are no scales. `ValueError` for other than 2 to 8 or 16 bits. At 4 bits a row of 128
    takes 64 bytes and four scales:

    >>> rounded_bytes(1, 128, 4), rounded_bytes(1, 128, 16)
    (72.0, 256.0)
    """
    in_range(1, rows=rows, columns=columns)
    if bits == FULL:
        return rows * columns * FULL / 8
    in_range(2, 8, bits=bits)
    return rows * (columns * bits / 8 + ceil(columns / GROUP) * SCALE_BYTES)
