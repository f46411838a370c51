"""Every path of attention against the definition written out in full, forward and backward."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask

from smallmodels.lab import attention


def plainly(q: Tensor, k: Tensor, v: Tensor, window: int | None) -> Tensor:
    """The definition, position by position and head by head, in float64."""
    heads, n, m = q.shape[1], q.shape[2], k.shape[2]
    group = heads // k.shape[1]
    rows = []
    for h in range(heads):
        for i in range(n):
            at = m - n + i
            low = 0 if window is None else max(0, at - window + 1)
            keys, values = k[:, h // group, low : at + 1], v[:, h // group, low : at + 1]
            scores = (keys @ q[:, h, i, :, None]).squeeze(-1) / q.shape[3] ** 0.5
            rows.append((scores.softmax(-1)[:, None] @ values).squeeze(1))
    return torch.stack(rows, dim=1).unflatten(1, (heads, n))


def qkv(
    b: int, heads: int, kv_heads: int, n: int, m: int, d: int = 8, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = [(b, heads, n, d), (b, kv_heads, m, d), (b, kv_heads, m, d)]
    q, k, v = (torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes)
    return q, k, v


def agree(got: Tensor, want: Tensor, inputs: tuple[Tensor, Tensor, Tensor]) -> None:
    """Equal outputs, and equal gradients of an arbitrary weighting of them."""
    torch.testing.assert_close(got, want, rtol=1e-9, atol=1e-11)
    weights = torch.linspace(-1, 1, got.numel(), dtype=got.dtype).reshape(got.shape)
    ours = torch.autograd.grad((got * weights).sum(), inputs, retain_graph=True)
    theirs = torch.autograd.grad((want * weights).sum(), inputs, retain_graph=True)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)


@given(
    b=st.integers(1, 2),
    kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    n=st.integers(1, 40),
    past=st.integers(0, 30),
    window=st.none() | st.integers(1, 80),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_any_shape_equals_the_definition(
    b: int, kv_heads: int, group: int, n: int, past: int, window: int | None, seed: int
) -> None:
    inputs = qkv(b, kv_heads * group, kv_heads, n, n + past, d=4, seed=seed)
    agree(attention.attend(*inputs, window), plainly(*inputs, window), inputs)


@pytest.mark.parametrize("block", [1, 3, 8, 64])
@pytest.mark.parametrize(("n", "m"), [(30, 30), (17, 25), (64, 71)])
@pytest.mark.parametrize("window", [1, 2, 9, 16])
def test_strips_of_any_block(block: int, n: int, m: int, window: int) -> None:
    m = min(m, n + window - 1)  # what `attend` passes on
    inputs = qkv(2, 6, 2, n, m)
    agree(attention.strips(*inputs, window, block), plainly(*inputs, window), inputs)


def test_strips_over_several_whole_blocks_with_transposed_inputs() -> None:
    # As the model calls it without a cache: heads and positions swapped in memory, and a batch.
    q, k, v = qkv(2, 4, 2, 300, 300)
    swapped = tuple(
        x.detach().transpose(1, 2).contiguous().transpose(1, 2).requires_grad_() for x in (q, k, v)
    )
    inputs = (swapped[0], swapped[1], swapped[2])
    agree(attention.attend(*inputs, 50), plainly(*inputs, 50), inputs)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("window", [1, 5, 20])
def test_flex_mask_is_the_same_window(window: int) -> None:
    # Interpreted on the CPU: slow and forward only, but it is the mask that the GPU compiles.
    q, k, v = (x.detach().float() for x in qkv(1, 4, 2, 40, min(44, 39 + window), d=16))
    want = plainly(q.double(), k.double(), v.double(), window)
    with torch.no_grad():
        got = attention.flex(q, k, v, window)
    torch.testing.assert_close(got.double(), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("n", "m", "window"),
    [(1000, 1000, 300), (1000, 1299, 300), (384, 511, 128), (256, 700, 700), (130, 130, 1)],
)
def test_the_tiles_are_those_that_the_whole_mask_gives(n: int, m: int, window: int) -> None:
    ours = attention._block_mask(n, m, window, torch.device("cpu"))
    theirs = create_block_mask(ours.mask_mod, None, None, n, m, device="cpu")
    assert ours.shape == theirs.shape
    for kind in ("kv", "full_kv", "q", "full_q"):
        count, wanted = getattr(ours, f"{kind}_num_blocks"), getattr(theirs, f"{kind}_num_blocks")
        assert torch.equal(count, wanted)
        listed, all_of_it = getattr(ours, f"{kind}_indices"), getattr(theirs, f"{kind}_indices")
        for row in range(count.shape[-1]):
            some = int(count[0, 0, row])
            assert torch.equal(listed[0, 0, row, :some], all_of_it[0, 0, row, :some])


def test_memory_of_strips_grows_with_the_length_not_its_square() -> None:
    largest = {}
    for n in (512, 1024):
        q, k, v = (x.detach() for x in qkv(1, 4, 1, n, n))
        with torch.profiler.profile(profile_memory=True, acc_events=True) as profile:
            attention.strips(q, k, v, 32)
        largest[n] = sum(max(0, event.self_cpu_memory_usage) for event in profile.key_averages())
    assert largest[1024] < 2.2 * largest[512]


@given(
    b=st.integers(1, 2),
    kv_heads=st.integers(1, 3),
    group=st.integers(1, 3),
    n=st.integers(2, 70),
    past=st.integers(1, 90),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    transposed=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_piece_joined_with_its_past_equals_the_definition(
    b: int, kv_heads: int, group: int, n: int, past: int, dtype: torch.dtype, transposed: bool
) -> None:
    q, k, v = (x.detach() for x in qkv(b, kv_heads * group, kv_heads, n, n + past, d=16))
    want = plainly(q, k, v, None)
    q, k, v = (x.to(dtype) for x in (q, k, v))
    if transposed:
        q, k, v = (x.transpose(1, 2).contiguous().transpose(1, 2) for x in (q, k, v))
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-11}
    torch.testing.assert_close(attention.joined(q, k, v).double(), want, **close)
    torch.testing.assert_close(attention.attend(q, k, v).double(), want, **close)


@pytest.mark.parametrize("heads", [(8, 8), (8, 2), (8, 1)])
@pytest.mark.parametrize("window", [None, 40])
def test_one_query_takes_products_where_the_keys_are_many(
    heads: tuple[int, int], window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    for way in ("packed", "products"):
        known = getattr(attention, way)
        monkeypatch.setattr(attention, way, lambda *x, way=way, f=known: (taken.append(way), f(*x))[1])
    monkeypatch.setattr(attention, "MANY", 2 * heads[1] * 40 * 8)
    inputs = qkv(2, *heads, 1, 50)
    agree(attention.attend(*inputs, window), plainly(*inputs, window), inputs)
    short = tuple(x[:, :, -20:].float() for x in inputs)
    attention.attend(short[0], short[1], short[2])
    single = tuple(x.float() for x in inputs)
    attention.attend(single[0], single[1], single[2])
    assert taken == ["products", "packed", "products" if heads[1] > 1 else "packed"]


def test_products_in_bf16_are_as_exact_as_bf16() -> None:
    q, k, v = (x.detach() for x in qkv(1, 8, 2, 1, 3000, d=64))
    want = plainly(q, k, v, None)
    for way in (attention.products, attention.packed):
        got = way(*(x.bfloat16() for x in (q, k, v)))
        assert got.dtype == torch.bfloat16
        assert float((got.double() - want).norm() / want.norm()) < 1e-2


@pytest.mark.parametrize(
    ("heads", "n", "block"), [((2, 2), 1023, 64), ((2, 2), 1024, 32), ((2, 1), 1100, 64)]
)
def test_a_long_text_takes_the_strips_that_were_measured_to_be_fast(
    heads: tuple[int, int], n: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[int] = []
    known = attention._blocks
    monkeypatch.setattr(attention, "_blocks", lambda *x: (blocks.append(x[-1]), known(*x))[1])
    q, k, v = (x.detach() for x in qkv(1, *heads, n, n))
    got = attention.attend(q, k, v, 30)
    assert blocks == [block]
    seen = attention.visible(n, n, 30)
    full = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)
    torch.testing.assert_close(got, full)


def test_a_piece_makes_no_mask_that_grows_with_its_past() -> None:
    largest = {}
    for past in (512, 4096):
        q, k, v = (x.detach() for x in qkv(1, 4, 1, 256, 256 + past))
        with torch.profiler.profile(profile_memory=True, acc_events=True) as profile:
            attention.attend(q, k, v)
        largest[past] = sum(max(0, event.self_cpu_memory_usage) for event in profile.key_averages())
    assert largest[4096] < 1.2 * largest[512]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda q, k, v: (q, k, v[:, :, :-1]), r"keys and values alike \(B, KV heads, S, head_dim\), not"),
        (lambda q, k, v: (q, k[:, :1], v), "keys and values alike"),
        (lambda q, k, v: (q[0], k, v), "Queries are"),
        (lambda q, k, v: (q[:1], k, v), "differ in batch or head_dim"),
        (lambda q, k, v: (q[..., :4], k, v), "differ in batch or head_dim"),
        (
            lambda q, k, v: (q, k.float(), v.float()),
            "must be of one kind and place, not torch.float64 on cpu",
        ),
        (lambda q, k, v: (q, k[:, :, :0], v[:, :, :0]), "nothing to attend to"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_before_anything_is_read(
    change: Callable[..., tuple[Tensor, Tensor, Tensor]], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        attention.attend(*change(*qkv(2, 4, 2, 3, 5)), 4)


@pytest.mark.parametrize(
    ("shapes", "window", "says"),
    [
        ((4, 3, 2, 2), None, "4 query heads cannot share 3"),
        ((4, 2, 3, 2), None, "3 queries for 2 keys"),
        ((4, 2, 2, 2), 0, "window of 0 sees nothing"),
    ],
)
def test_refuses_in_one_sentence(shapes: tuple[int, int, int, int], window: int | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        attention.attend(*qkv(1, *shapes), window)
