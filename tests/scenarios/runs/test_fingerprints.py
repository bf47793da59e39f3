"""What a training hangs on: which keys of a scenario count, and for which stages."""

import numpy as np
import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.datasets.source import Dataset, LabelledImages
from diffsem.scenarios.runs.provenance import differences, fingerprint
from diffsem.scenarios.runs.resolving import plan

IMAGES = LabelledImages(np.zeros((20, 28, 28, 1), np.uint8), np.arange(20) % 10)
DATASET = Dataset(IMAGES, IMAGES, IMAGES)
SMALL = ["legitimate.receivers=[classifier, reference]", "eavesdropper.attacks=[inversion-mlp]", "timesteps=[50]"]


@pytest.fixture
def fingerprints(tmp_path):
    """Call with overrides: gives the fingerprint of every stage by its name."""

    def make(*overrides):
        built = plan(load_scenario("mnist-quick", [*SMALL, *overrides]))
        return {stage.name: fingerprint(stage, built.scenario, DATASET, tmp_path) for stage in built.stages}

    return make


def changed(before, after):
    assert set(before) == set(after)
    return {name: found for name in before if (found := differences(before[name], after[name]))}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("training.augmentation=[shift]", "training.augmentation null, now [shift]"),
        ("training.augmentation=[]", "training.augmentation null, now []"),
        ("compression=32", "compression null, now 32"),
        ("training.precision=mixed_bfloat16", "training.precision float32, now mixed_bfloat16"),
    ],
)
def test_these_keys_count_for_every_training(override, told, fingerprints):
    before, after = fingerprints(), fingerprints(override)
    assert changed(before, after) == {name: [told] for name in before}
    assert len(before) == 6


@pytest.mark.parametrize("key", ["steps: 400", "beta_end: 0.03", "kind: cosine"])
def test_the_noise_schedule_counts_for_every_training(key, fingerprints):
    before, after = fingerprints(), fingerprints(f"schedule={{{key}}}")
    found = changed(before, after)
    assert set(found) == set(before)
    for (line,) in found.values():
        assert line.startswith("schedule {steps: 500, beta_start: 0.0001, beta_end: 0.02, kind: linear}, now {")
        assert key in line.partition(", now ")[2]


@pytest.mark.parametrize(
    ("override", "stages"),
    [
        ("training.epochs.pair=3", {"pair"}),
        ("training.epochs.judge_of_attacks=3", {"strong-classifier"}),
        (
            "eavesdropper.looks=2",
            {"clean-pair.inversion-mlp", "reference.inversion-mlp", "strong-classifier"},
        ),
        ("monte_carlo.max_images=64", set()),
    ],
)
def test_other_keys_count_for_the_stages_that_read_them(override, stages, fingerprints):
    assert set(changed(fingerprints(), fingerprints(override))) == stages
