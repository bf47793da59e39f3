"""The stages that a plan trains."""

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan


def names(*overrides):
    return [stage.name for stage in plan(load_scenario("mnist-awgn", overrides)).stages]


def test_a_smaller_scenario_trains_only_what_it_needs():
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[]") == ["pair"]
    assert names("legitimate.receivers=[noise-aware-pair]", "eavesdropper.attacks=[]") == ["noise-aware-pair"]
    assert names("legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]") == [
        "pair",
        "denoiser-label",
        "noise-aware",
        "e-diffsem",
    ]
    attacked = names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[inversion-mlp]")
    assert set(attacked) == {"pair", "clean-pair.inversion-mlp", "strong-classifier-clean", "strong-classifier"}
    # The judge learns from what the attack makes of what the pair sends.
    assert attacked.index("pair") < attacked.index("clean-pair.inversion-mlp") < attacked.index("strong-classifier")


def test_labels_need_no_judge_and_pictures_always_do():
    assert names("legitimate.receivers=[ibal]", "eavesdropper.attacks=[linear-probe]") == ["ibal", "ibal.linear-probe"]
    seen = names("legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]")
    assert sorted(seen) == ["strong-classifier", "strong-classifier-clean"]


def test_a_judge_that_goes_on_from_the_clean_one_is_trained_behind_it():
    seen = names(
        "legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]", "training.epochs.judge_of_attacks=2"
    )
    assert seen == ["strong-classifier-clean", "strong-classifier"]


def test_students_are_distilled_only_if_they_are_called():
    only = ["legitimate.receivers=[diffsem]", "eavesdropper.attacks=[]"]
    assert "denoiser-distilled" not in names(*only)
    assert names(*only, "denoising.solver=distilled")[-1] == "denoiser-distilled"
