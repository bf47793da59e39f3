"""Which stages a scenario trains, ordered by what they start from."""

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.runs.ordering import stages_for
from diffsem.scenarios.runs.resolving import plan


def names(*overrides):
    return {stage.name for stage in plan(load_scenario("mnist-awgn", overrides)).stages}


def test_a_smaller_scenario_trains_only_what_it_needs():
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[]") == {"pair"}
    assert names("legitimate.receivers=[noise-aware-pair]", "eavesdropper.attacks=[]") == {"noise-aware-pair"}
    assert names("legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]") == {
        "pair",
        "denoiser-label",
        "noise-aware",
        "e-diffsem",
    }
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[inversion-mlp]") == {
        "pair",
        "clean-pair.inversion-mlp",
        "strong-classifier-clean",
        "strong-classifier",
    }
    # Labels need no judge, pictures always do.
    assert names("legitimate.receivers=[ibal]", "eavesdropper.attacks=[linear-probe]") == {"ibal", "ibal.linear-probe"}
    assert names("legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]") == {
        "strong-classifier-clean",
        "strong-classifier",
    }


def spec(name):
    return NetworkSpec(name, lambda dimensions: None)


def stage(writes, *needs):
    return Stage(f"make {writes}", (spec(writes),), tuple(map(spec, needs)), lambda session: {})


def test_stages_are_ordered_by_what_they_need_wherever_they_are_listed():
    known = [stage("d", "b", "c"), stage("unwanted", "a"), stage("c", "a"), stage("b", "a"), stage("a")]
    order = [each.name for each in stages_for([spec("d")], known)]
    assert set(order) == {"make a", "make b", "make c", "make d"}
    assert order[0] == "make a"
    assert order[-1] == "make d"


def test_stages_that_need_each_other_are_no_order():
    with pytest.raises(ValueError, match="cycle"):
        stages_for([spec("a")], [stage("a", "b"), stage("b", "a")])


def test_a_judge_that_goes_on_from_the_clean_one_is_trained_behind_it():
    overrides = ["legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]"]
    overrides.append("training.epochs.judge_of_attacks=2")
    stages = [each.name for each in plan(load_scenario("mnist-awgn", overrides)).stages]
    assert stages == ["strong-classifier-clean", "strong-classifier"]


def test_students_are_distilled_only_if_they_are_called():
    only = ["legitimate.receivers=[diffsem]", "eavesdropper.attacks=[]"]
    assert "denoiser-distilled" not in names(*only)
    assert "denoiser-distilled" in names(*only, "denoising.solver=distilled")
