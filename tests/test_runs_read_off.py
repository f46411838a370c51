"""The tables that a machine read, against what their sources print of them.

Epoch AI's notebook shows a summary of its 245 runs, with more digits than the table keeps; Gadre's repository
has a file for each model, of which three were read.
"""

import statistics

import pytest

from smallmodels import facts

# Least, greatest and standard deviation, as the notebook's summary prints them.
SUMMARY = {
    "n_params": (57334197.40687078, 16183346310.7305, 2464560600.107564),
    "n_tokens": (245105957.9245427, 317754489343.9688, 38025506115.73361),
    "train_flops": (1.3972367362937152e18, 1.2956022673438285e22, 1.0849637947784773e21),
    "loss": (2.0773942450664395, 5.005581996196243, 0.36438696455830627),
}
# The first and the last five runs of the notebook's listing: parameters, FLOPs, loss.
LISTED = [
    (6.795600e09, 9.993853e18, 5.005582),
    (2.979521e09, 9.227541e18, 4.665232),
    (2.638631e09, 9.753047e18, 3.765563),
    (2.282804e09, 9.622708e18, 3.793872),
    (2.006673e09, 9.771731e18, 3.446995),
    (1.730547e09, 1.296639e21, 2.286446),
    (2.282809e09, 1.795036e21, 2.249076),
    (2.638636e09, 2.308123e21, 2.222281),
    (2.979528e09, 2.621011e21, 2.212313),
    (6.795615e09, 1.295602e22, 2.077394),
]


def column(name):
    runs = facts.chinchilla_runs()
    if name == "n_tokens":
        return [run.train_flops / (6 * run.n_params) for run in runs]
    return [getattr(run, name) for run in runs]


@pytest.mark.parametrize("name", SUMMARY)
def test_chinchillas_runs_have_the_summary_that_the_notebook_prints(name):
    least, greatest, deviation = SUMMARY[name]
    values = column(name)
    assert len(values) == 245
    assert (min(values), max(values)) == pytest.approx((least, greatest), rel=1e-5)
    assert statistics.stdev(values) == pytest.approx(deviation, rel=1e-5)


@pytest.mark.parametrize("listed", LISTED)
def test_what_the_notebook_lists_is_among_chinchillas_runs(listed):
    near = [
        run
        for run in facts.chinchilla_runs()
        if (run.n_params, run.train_flops, run.loss) == pytest.approx(listed, rel=1e-5)
    ]
    assert len(near) == 1


# From the file of a model's evaluation: ARC Challenge, HellaSwag, WinoGrande and MMLU; and from its name the
# training tokens, as a multiple of twenty for each parameter.
EVALUATED = {
    ("c4_original", 6889410560): (1, 0.33617747, 0.67974508, 0.59984213, 0.25836841),
    ("rw_original", 6889410560): (1, 0.37542662, 0.70454091, 0.60852408, 0.26545542),
    ("rpj", 1439795200): (32, 0.36348122, 0.63503283, 0.6314128, 0.24145605),
}  # fmt: skip


@pytest.mark.parametrize("key", EVALUATED)
def test_gadres_models_are_those_of_their_files(key):
    times, *scores = EVALUATED[key]
    tokens = 20 * times * key[1]
    (run,) = [
        one
        for one in facts.open_scaling_runs()
        if (one.data, one.n_params, one.train_tokens) == (*key, tokens)
    ]
    assert [run.arc_c, run.hellaswag, run.winogrande, run.mmlu] == pytest.approx(scores, abs=6e-6)


def test_gadres_models_are_as_many_as_their_files_and_one_has_the_loss_of_its_own():
    runs = facts.open_scaling_runs()
    assert len(runs) == 104
    (run,) = [one for one in runs if (one.data, one.n_params) == ("rpj", 6889410560)]
    assert (run.train_tokens, run.c4_loss) == (137788211200, pytest.approx(2.424993099368689, abs=5e-5))
