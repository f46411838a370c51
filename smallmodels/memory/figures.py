"""Chapter 05: the figures of its sentences on memory."""

from smallmodels import facts, memory
from smallmodels.figures import Texts, computed
from smallmodels.memory import GB, GIB, weight_bytes

LLAMA, MISTRAL, LARGE = (facts.model(name) for name in memory.POST_MODELS)
POST = {row.id: row for row in facts.post_inference()}


def weights(shape: facts.Model, precision: str = "FP16") -> float:
    """Bytes of all weights of a model."""
    return weight_bytes(memory.model_parameters(shape), precision)


@computed(shows="footprint")
def in_fp16() -> Texts:
    """Two bytes for every parameter, counted from the model's shape; GB is 10^9 bytes, GiB 2^30."""
    llama, mistral, large = (weights(shape) / GB for shape in (LLAMA, MISTRAL, LARGE))
    post, large_post = POST["memory-fp16"], facts.post_costs()[-1].memory_gb
    assert round(mistral, 1) == post.challenger_value, "The post's weights of Mistral 7B are called right."
    assert round(large) == large_post, "The post's weights of the 13B are called right."
    return {
        "llama-gb": f"{llama:.2f}",
        "mistral-gb": f"{mistral:.2f}",
        "mistral-gib": f"{weights(MISTRAL) / GIB:.2f}",
    }


@computed()
def as_the_post_has_them() -> Texts:
    """Gigabytes of the weights as the post prints them: the third table, and the fifth for the 13B."""
    fp16, int4 = POST["memory-fp16"], POST["memory-4bit"]
    return {
        "post-llama-gb": f"{fp16.baseline_value}",
        "post-mistral-gb": f"{fp16.challenger_value}",
        "post-large-gb": f"{facts.post_costs()[-1].memory_gb:.0f}",
        "post-llama-int4": int4.baseline_text,
        "post-mistral-int4": int4.challenger_text,
    }


@computed()
def cached_difference() -> Texts:
    """Cached tokens of Llama 2 7B, in FP16, whose bytes make up what the post has beyond its weights."""
    missing = POST["memory-fp16"].baseline_value * GB - weights(LLAMA)
    assert missing > 0, "The post's figure is called too large."
    return {"cached-difference": f"{round(missing / memory.cache_bytes(LLAMA, 1), -2):,.0f}"}


@computed(shows="footprint?gpu=A100%2080GB%20SXM&batch=64&context=2048")
def gib_of_a_card() -> Texts:
    """A card's memory as it is sold, in GiB, and the same in GB of 10^9 bytes."""
    card = facts.gpu("A100 80GB SXM")
    load = memory.Load(LLAMA, "FP16", 64, 2048)
    assert memory.fit(load.total_bytes, card) == "just", "The linked setting fits because GB are GiB."
    return {"sold-gb": f"{card.memory_gb}", "held-gb": f"{card.memory_bytes / GB:.1f}"}


@computed(shows="footprint?precision=INT4")
def in_four_bits() -> Texts:
    """Weights in blocks that share one FP16 scale, and the published files, which keep some layers wider."""
    files = {f.id: f.size_bytes / GB for f in facts.weight_files()}
    llama, mistral = (weights(shape, "INT4") / GB for shape in (LLAMA, MISTRAL))
    assert llama < mistral, "The order of the post's two figures is called right."
    return {
        "block": f"{memory.BLOCK}",
        "llama-int4": f"{llama:.2f}",
        "mistral-int4": f"{mistral:.2f}",
        "llama-file": f"{files['llama-2-7b-q4']:.2f}",
        "mistral-file": f"{files['mistral-7b-q4']:.2f}",
    }
