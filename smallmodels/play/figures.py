"""The figures of the sentences around the small model, in the order in which its page tells them."""

from smallmodels import facts
from smallmodels.figures import Texts, computed
from smallmodels.play.recorded import exact, loss
from smallmodels.play.records import TRAINED, Setting
from smallmodels.play.tables import CLEAR

HEADS, BITS, WINDOW = TRAINED
CONTEXT = 250


def setting(
    heads: int = HEADS, bits: int = BITS, window: int | None = WINDOW, context: int = CONTEXT
) -> Setting:
    """As trained, but for what is given."""
    return Setting(heads, bits, window, context)


def change(one: Setting) -> float:
    """Nats against as trained."""
    return loss(one).nats - loss(setting()).nats


def clear(one: Setting) -> bool:
    """Whether the difference is more than its noise."""
    return abs(change(one)) > CLEAR * loss(one).error


@computed(shows="writer?window=32")
def size() -> Texts:
    """The checkpoint with two KV heads: its configuration, its bytes in FP16, its loss on unseen text."""
    one = setting()
    shape = one.shape
    parameters = one.read_weights + shape["vocab_size"] * shape["hidden_size"]
    return {
        "parameters": f"{parameters:,}",
        "layers": f"{shape['num_hidden_layers']}",
        "heads": f"{shape['num_attention_heads']}",
        "kv-heads": f"{HEADS}",
        "window": f"{WINDOW}",
        "megabytes": f"{one.weight_bytes / 1e6:.1f}",
        "loss": f"{loss(one).nats:.2f}",
        "exact": f"{exact():.2f}",
        "above": f"{loss(one).nats - exact():.2f}",
    }


@computed(shows="writer?window=8")
def eight() -> Texts:
    """The recorded loss at a window of 8 against that of 32, on the same characters."""
    one = setting(window=8)
    assert abs(change(one)) < 0.02, "A window of 8 costs more than next to nothing."
    share = setting().kept_bytes() / one.kept_bytes()
    assert share == 4, "A window of 8 no longer keeps a quarter."
    return {"eight": "8", "eight-cost": f"{abs(change(one)):.3f}"}


@computed(shows="writer?window=4")
def four() -> Texts:
    """The recorded loss at a window of 4 against that of 32, on the same characters."""
    one = setting(window=4)
    assert clear(one), "A window of 4 is within noise."
    assert change(one) > 0.1, "A window of 4 no longer costs much."
    return {
        "four": "4",
        "four-cost": f"{change(one):.2f}",
        "four-errors": f"{change(one) / loss(one).error:.0f}",
    }


@computed(shows="writer?window=64")
def wider() -> Texts:
    """The recorded loss at a window of 64, twice the trained one, and without any window."""
    one, every = setting(window=64), setting(window=None)
    assert clear(one), "A window of 64 is within noise."
    assert 0 < change(one) < change(every), "A wider window no longer breaks it."
    return {"wide": "64", "wide-cost": f"{change(one):.2f}", "all-cost": f"{change(every):.2f}"}


@computed(shows="writer?bits=4")
def rounding() -> Texts:
    """The recorded losses at 4, 3 and 2 bits against 16, and the weights' bytes."""
    four_, three, two = (setting(bits=bits) for bits in (4, 3, 2))
    assert change(four_) < 0.05, "Four bits are no longer nearly free."
    assert change(three) > 2 * change(four_), "Three bits are nearly free too."
    assert change(two) > 2 * change(three), "Two bits no longer break it."
    return {
        "bits-four": f"{change(four_):.3f}",
        "bits-three": f"{change(three):.2f}",
        "bits-two": f"{change(two):.2f}",
        "bits-share": f"{setting().weight_bytes / four_.weight_bytes:.1f}",
    }


@computed(shows="writer?n_kv_heads=1")
def sharing() -> Texts:
    """The recorded losses of the checkpoints with 8 and 1 KV heads against 2, each trained once."""
    eight_, one = setting(heads=8), setting(heads=1)
    assert eight_.kept_bytes() == 8 * one.kept_bytes(), "One KV head no longer keeps an eighth of eight."
    return {
        "heads-eight": f"{change(eight_):+.3f}".replace("-", "−"),
        "heads-one": f"{change(one):+.3f}".replace("-", "−"),
        "heads-eight-cache": f"{eight_.kept_bytes() / 1e3:.1f}",
        "heads-one-cache": f"{one.kept_bytes() / 1e3:.1f}",
    }


@computed(shows="writer?context=2000")
def long() -> Texts:
    """The cache after 2,000 characters, with the window of 32 and without one, in FP16."""
    kept, every = setting(context=2000).kept_bytes(), setting(window=None, context=2000).kept_bytes()
    return {"long": "2,000", "long-kept": f"{kept / 1e3:.1f}", "long-all": f"{every / 1e3:.0f}"}


@computed()
def recorded() -> Texts:
    """The held-out text of the recorded losses, in characters predicted."""
    rows = facts.run("play").rows
    return {"characters": f"{next(row['characters'] for row in rows if 'characters' in row):,}"}


@computed(shows="race?context=1000")
def odds() -> Texts:
    """Bytes and operations of a step after 1,000 characters, without a window against a window of 32."""
    left, right = setting(context=1000), setting(window=None, context=1000)
    by_bytes, by_flops = right.step_bytes_here / left.step_bytes_here, right.step_flops / left.step_flops
    assert by_flops > by_bytes > 1, "The two predictions no longer differ as the text says."
    return {"race-bytes": f"{by_bytes:.1f}", "race-flops": f"{by_flops:.1f}", "race-context": "1,000"}
