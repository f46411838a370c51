"""The figures of the sentences of the page "Checked against the outside"."""

from smallmodels import facts, outside, words
from smallmodels.figures import Texts, computed
from smallmodels.outside import Check

WITHIN_PCT = 5


def of(kind: str, *words_of_it: str) -> list[Check]:
    """The checks of a kind whose description holds all of these words."""
    return [one for one in outside.checks(kind) if all(word in one.what for word in words_of_it)]


@computed(shows="predictions")
def counts() -> Texts:
    """Every prediction set against the outside, and those that come within a twentieth of it."""
    found = outside.every()
    near = [one for one in found if one.within(WITHIN_PCT)]
    return {
        "all": words.number(len(found)),
        "near": words.number(len(near)),
        "within": f"{WITHIN_PCT}%",
        "kinds": words.number(len(outside.kinds())),
    }


@computed(shows="predictions?kind=parameters")
def parameters() -> Texts:
    """Models whose published weights are counted exactly, from their shape."""
    found = outside.checks("parameters")
    assert all(one.predicted == one.measured for one in found), "Each count is exact, to the last parameter."
    return {"counted": words.number(len(found))}


@computed(shows="predictions?kind=weights")
def weights() -> Texts:
    """How far the usual files in four bits are above their reckoned size."""
    files = of("weights", "Q4_K_M")
    assert all(1 < one.ratio < 1.1 for one in files), "All of them are somewhat larger."
    others = [one for one in outside.checks("weights") if one not in files]
    assert all(one.within(0.001) for one in others), "Files in 16 bits are as reckoned."
    return {"files-over": f"{100 * (max(one.ratio for one in files) - 1):.0f}%"}


@computed(shows="predictions?kind=caches")
def caches() -> Texts:
    """Times too large that public calculators take Mistral 7B's cache to be."""
    found = of("caches", "by ")
    assert len(found) == len(facts.calculators()), "They are the calculators."
    rest = [one for one in outside.checks("caches") if one not in found]
    assert all(one.within(0.01) for one in rest), (
        "Programs that allocate a cache agree to the last digit shown."
    )
    return {
        "calculators-least": words.number(round(min(one.ratio for one in found))),
        "calculators-most": words.number(round(max(one.ratio for one in found))),
    }


@computed(shows="predictions?kind=speeds")
def speeds() -> Texts:
    """Shares of the ceiling that measured decoding reaches."""
    found = outside.checks("speeds")
    assert all(one.ratio < 1 for one in found), "No measurement is above its ceiling."
    shares = [100 * one.ratio for one in found]
    return {"speeds-least": f"{min(shares):.0f}%", "speeds-most": f"{max(shares):.0f}%"}


@computed(shows="predictions?kind=training")
def training() -> Texts:
    """The share of a card's peak that the makers' card-hours imply."""
    shares = {one.what: 100 * outside.UTILISATION / one.ratio for one in outside.checks("training")}
    llama_2 = [share for model, share in shares.items() if model.startswith("Llama 2")]
    llama_3 = [share for model, share in shares.items() if model.startswith("Llama 3")]
    assert max(llama_3) < min(llama_2), "The later models used their cards less."
    return {
        "used-least": f"{min(llama_2):.0f}%",
        "used-most": f"{max(llama_2):.0f}%",
        "used-later": f"{max(llama_3):.0f}%",
        "used-assumed": f"{100 * outside.UTILISATION:.0f}%",
    }


@computed(shows="predictions?kind=laws")
def laws() -> Texts:
    """The largest factor between best tokens by a law and in the paper's table, as printed and refitted."""
    printed, refit = of("laws", "as printed"), of("laws", "Besiroglu")
    worst, better = (max(max(one.ratio, 1 / one.ratio) for one in found) for found in (printed, refit))
    assert worst > 5 * better, "The refit is far nearer."
    return {"law-printed": f"{worst:.1f}", "law-refit": f"{better:.1f}"}
