"""What only a card can show: every path that CUDA takes against the definition, transformers, and the CPU.

Tolerances. In float32 with TF32 off, both sides round alike but add up in another order: 1e-4 on values of
order one, as on the CPU. BF16 keeps 8 bits and FP16 11, and an output is a weighted mean of values rounded
once: relative errors (of norms) of about 2^-9 and 2^-12, so 1e-2 and 2e-3 leave room and still see any key
that is missing or one too many. Gradients of BF16 add another rounding or two: 2e-2.
"""

from collections.abc import Callable, Iterator
from math import isclose
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from smallmodels.lab import attention, card_steps, cards, measure, quantised, steps, tasks
from smallmodels.lab.cache import KVCache
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder, load
from smallmodels.lab.train import Trainer, initialise

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card"),
    # PyTorch's own, when it compiles: about its threads, its caches and what it will rename.
    pytest.mark.filterwarnings("default"),
]
CUDA = torch.device("cuda")
ROOM = {torch.float32: 1e-4, torch.bfloat16: 1e-2, torch.float16: 2e-3}
Peers = Callable[[str], tuple[PreTrainedModel, Path]]


@pytest.fixture(autouse=True)
def exact_products() -> Iterator[None]:
    """No TF32: what is compared in float32 is computed in float32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)


def qkv(heads: int, kv_heads: int, n: int, m: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator(CUDA).manual_seed(n + m)
    shapes = [(2, heads, n, 64), (2, kv_heads, m, 64), (2, kv_heads, m, 64)]
    q, k, v = (torch.randn(s, generator=generator, device=CUDA).to(dtype).requires_grad_() for s in shapes)
    return q, k, v


def plainly(q: Tensor, k: Tensor, v: Tensor, window: int | None) -> Tensor:
    """Masked attention in float64, every key and value written out for every head."""
    q, k, v = (x.double() for x in (q, k, v))
    k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    seen = attention.visible(q.shape[2], k.shape[2], window, CUDA)
    scores = (q @ k.mT / q.shape[3] ** 0.5).masked_fill(~seen, float("-inf"))
    return scores.softmax(-1) @ v


def away(got: Tensor, want: Tensor) -> float:
    return float((got.detach().double() - want.detach()).norm() / want.detach().norm())


@pytest.mark.parametrize("dtype", ROOM)
@pytest.mark.parametrize(
    ("n", "m", "window"),
    [
        (2048, 2048, 512),  # FlexAttention
        (2048, 2559, 512),  # ... over a cache
        (1024, 1024, 2048),  # a window longer than the text
        (300, 300, 50),  # strips: too short to compile for
        (1500, 1500, None),
        (40, 700, None),  # a piece of a prompt
        (1, 900, 64),  # a decoding step
        (1, 5000, None),
    ],
)
def test_every_path_equals_the_definition(n: int, m: int, window: int | None, dtype: torch.dtype) -> None:
    inputs = qkv(8, 2, n, m, dtype)
    got, want = attention.attend(*inputs, window), plainly(*inputs, window)
    assert got.dtype == dtype
    assert away(got, want) < ROOM[dtype]
    weights = torch.linspace(-1, 1, got.numel(), device=CUDA, dtype=torch.float64).reshape(got.shape)
    ours = torch.autograd.grad((got * weights).sum(), inputs)
    theirs = torch.autograd.grad((want * weights).sum(), inputs)
    for a, b in zip(ours, theirs, strict=True):
        assert away(a, b.double()) < 2 * ROOM[dtype]


@pytest.mark.parametrize("window", [None, 1, 2, 100, 512])
def test_varlen_attention_sees_the_same_window(window: int | None) -> None:
    q, k, v = (x.detach()[:1] for x in qkv(8, 2, 600, 600, torch.bfloat16))
    got = cards._varlen(q, k, v, window)()
    assert isinstance(got, Tensor)
    assert away(got.transpose(0, 1)[None], plainly(q, k, v, window)) < ROOM[torch.bfloat16]


@pytest.mark.parametrize("dtype", ROOM)
def test_a_piece_of_a_prompt_needs_no_mask_and_no_n_by_m(dtype: torch.dtype) -> None:
    q, k, v = (x.detach() for x in qkv(8, 2, 1024, 16_384, dtype))
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    got = attention.attend(q, k, v)
    grown = torch.cuda.max_memory_allocated() - held
    assert grown < 4 * q.nbytes + 2 * 4 * (k.nbytes + v.nbytes)  # keys repeated at most, the scores never
    assert away(got, plainly(q, k, v, None)) < ROOM[dtype]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("dtype", ROOM)
@pytest.mark.parametrize("window", [None, 200])
@pytest.mark.parametrize("way", ["fixed", "graph"])
def test_steps_over_fixed_slots_give_the_logits_of_the_growing_cache(
    way: str, window: int | None, dtype: torch.dtype, batch: int
) -> None:
    config = Config.tiny(256, head_dim=64, vocab_size=97, sliding_window=window)
    model = initialise(Decoder(config), 0).to(CUDA, dtype).eval()
    tokens = torch.randint(97, (batch, 340), device=CUDA)
    with torch.inference_mode():
        caches = [model.cache(batch, 340) for _ in "ab"]
        for cache in caches:
            model.prefill(tokens[:, :300], cache)
        eager, fixed = (
            steps.reader(model, cache, w) for cache, w in zip(caches, ("eager", way), strict=True)
        )
        for place in range(300, 340):
            token = tokens[:, place : place + 1]
            assert away(fixed(token), eager(token).double()) < 3 * ROOM[dtype]


def test_a_graph_generates_what_eager_steps_do() -> None:
    model = initialise(Decoder(Config.tiny(sliding_window=20)), 0).to(CUDA).eval()
    start = torch.randint(27, (2, 30), device=CUDA)
    for temperature in (0.0, 1.0):
        texts = [
            model.generate(start, 60, temperature=temperature, way=way, quiet=True)
            for way in ("eager", "fixed", "graph")
        ]
        assert torch.equal(texts[0], texts[1])
        assert torch.equal(texts[0], texts[2])


@pytest.mark.parametrize("bits", [8, 4])
def test_a_compiled_step_of_few_bits_is_the_step(bits: int) -> None:
    model = initialise(Decoder(Config.tiny(256, head_dim=64, ffn_dim=512)), 0).to(CUDA, torch.bfloat16).eval()
    quantised.quantise(model, bits)
    with torch.inference_mode():
        steps_ = [steps.Step(model, model.cache(1, 8)) for _ in "ab"]
        card_steps._replayed(steps_[0], CUDA)()
        steps_[1].run()
    assert away(steps_[0].logits, steps_[1].logits.double()) < 3 * ROOM[torch.bfloat16]


@pytest.mark.parametrize("wrong", [-1, 1])
def test_a_window_off_by_one_would_show(wrong: int) -> None:
    inputs = qkv(8, 2, 2048, 2048, torch.bfloat16)
    assert away(attention.attend(*inputs, 16 + wrong), plainly(*inputs, 16)) > 3 * ROOM[torch.bfloat16]


@pytest.mark.parametrize("kv_heads", [8, 4, 2, 1])
def test_a_decoding_step_for_any_sharing(kv_heads: int) -> None:
    inputs = qkv(8, kv_heads, 1, 4097, torch.bfloat16)
    assert away(attention.attend(*inputs), plainly(*inputs, None)) < ROOM[torch.bfloat16]


def test_a_card_without_bf16_takes_strips_in_fp16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 5))
    monkeypatch.setattr(attention, "flex", lambda *_: pytest.fail("FlexAttention was called"))
    assert measure.best_dtype(CUDA) == torch.float16
    inputs = qkv(8, 2, 3000, 3000, measure.best_dtype(CUDA))
    assert away(attention.attend(*inputs, 512), plainly(*inputs, 512)) < ROOM[torch.float16]


@pytest.mark.parametrize(
    ("capability", "dtype"), [((7, 5), torch.float16), ((9, 0), torch.float32), ((9, 0), torch.bfloat16)]
)
def test_a_whole_prompt_needs_no_n_by_n(
    capability: tuple[int, int], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    q, k, v = (x.detach() for x in qkv(8, 2, 8192, 8192, dtype))
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    attention.attend(q, k, v)
    assert torch.cuda.max_memory_allocated() - held < 4 * q.nbytes  # the scores alone would be 128 of it


@pytest.mark.parametrize("name", ["mistral", "mistral, one KV head", "llama, MHA", "llama, GQA, tied"])
def test_logits_and_greedy_tokens_equal_transformers(name: str, peers: Peers) -> None:
    theirs, folder = peers(name)
    ours, tokens = load(folder, device=CUDA), torch.randint(97, (2, 90), device=CUDA)
    theirs = theirs.to(CUDA)
    try:
        with torch.inference_mode():
            assert float((ours(tokens) - theirs(tokens).logits).abs().max()) < 1e-4
        prompt = tokens[:, :23]
        settings = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
        wanted = theirs.generate(prompt, max_new_tokens=40, **settings)
        assert torch.equal(ours.generate(prompt, 40, chunk=9, quiet=True), wanted)
    finally:
        theirs.to("cpu")


@pytest.mark.parametrize("rolling", [True, False])
@pytest.mark.parametrize("chunks", [[2500], [1100, 1100, 300], [2400, *[1] * 100]])
def test_every_way_of_reading_a_long_text_is_what_the_cpu_says(rolling: bool, chunks: list[int]) -> None:
    config = Config.tiny(width=64, head_dim=16, vocab_size=97, sliding_window=200)
    model = initialise(Decoder(config), 0)
    tokens = torch.randint(97, (1, 2500), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = model(tokens)
        model = model.to(CUDA)
        cache = model.cache(1, 2500, rolling=rolling)
        got = torch.cat([model(piece, cache) for piece in tokens.to(CUDA).split(chunks, dim=1)], dim=1)
    torch.testing.assert_close(got.cpu(), wanted, rtol=1e-3, atol=1e-3)


def test_training_learns_there_what_it_learns_here() -> None:
    shares = {}
    for device in ("cpu", "cuda"):
        config = Config.tiny(vocab_size=tasks.VOCABULARY, n_layers=1, n_kv_heads=4, sliding_window=4)
        batches = tasks.task_batches(tasks.needle, 20, 64, 3, 0)
        trainer = Trainer(initialise(Decoder(config), 0).to(device), batches)
        model = trainer.train(150, quiet=True)
        assert isclose(trainer.losses[0], 2.9, abs_tol=1)
        shares[device] = tasks.accuracy_by_distance(model, tasks.needle(500, 20, 10**6))
    assert min(shares["cuda"][:4]) > 0.95
    assert max(shares["cuda"][4:]) < 0.3
    assert max(abs(a - b) for a, b in zip(shares["cpu"], shares["cuda"], strict=True)) < 0.1


def test_gradients_end_at_the_reach() -> None:
    model = initialise(Decoder(Config.tiny(n_layers=3, sliding_window=8)), 0).to(CUDA)
    sizes = tasks.gradient_by_distance(model, torch.randint(27, (4, 40)))
    assert all(size > 0 for size in sizes[:22])
    assert all(size == 0 for size in sizes[22:])


def test_memory_that_the_card_lacks_is_refused_before_anything_is_allocated() -> None:
    held = torch.cuda.memory_allocated()
    shape = Config.published("Llama 2 13B")
    with pytest.raises(ValueError, match=r"keys and values need \d+\.\d GB and cuda has \d+\.\d GB free"):
        KVCache(shape, batch=64, capacity=100_000, dtype=torch.bfloat16, device=CUDA)
    assert torch.cuda.memory_allocated() == held


def test_predicted_bytes_are_what_the_card_hands_out() -> None:
    config = Config.tiny(256, n_layers=4, sliding_window=512)
    held = torch.cuda.memory_allocated()
    model = Decoder(config).to(CUDA, torch.bfloat16)
    cache = model.cache(2, 4096)
    # The allocator hands out multiples of 512 bytes.
    tensors = len([*model.parameters()]) + 2 * config.n_layers
    used = torch.cuda.memory_allocated() - held
    predicted = 2 * config.n_parameters() + config.kv_cache_bytes(4096, batch=2, value_bytes=2)
    assert predicted <= used <= predicted + 512 * tensors
    assert cache.nbytes == config.kv_cache_bytes(4096, batch=2, value_bytes=2)
