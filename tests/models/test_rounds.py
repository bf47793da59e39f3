import numpy as np
import pytest
from keras import ops

from diffsem.models import self_referential_rounds


def run(settle_after, max_rounds, tolerance=0.0, samples=4):
    """A toy receiver: z^ counts the rounds; one sample's label alternates until `settle_after` rounds are over."""

    def denoise(received, step, label):
        return received + ops.max(label)

    counted = {"round": -1}

    def classify(received, denoised, step):
        counted["round"] += 1
        labels = np.zeros(samples, int)
        if counted["round"] <= settle_after:
            labels[0] = counted["round"] % 2
        else:
            labels[0] = settle_after % 2
        return ops.convert_to_tensor(4 * np.eye(2, dtype=np.float32)[labels])

    received = np.zeros((samples, 8, 8, 1), np.float32)
    _, rounds = self_referential_rounds(denoise, classify, received, np.full(samples, 240.0), max_rounds, tolerance)
    return int(rounds)


@pytest.mark.parametrize(("settle_after", "expected"), [(0, 1), (1, 2), (3, 4)])
def test_rounds_end_with_the_first_that_changes_no_label(settle_after, expected):
    assert run(settle_after, max_rounds=9) == expected


def test_rounds_end_at_the_maximum():
    assert run(settle_after=99, max_rounds=3) == 3


def test_a_share_within_the_tolerance_may_still_change():
    assert run(settle_after=99, max_rounds=5, tolerance=0.3) == 1


def test_each_round_is_steered_by_the_label_of_the_round_before():
    labels = []

    def denoise(received, step, label):
        labels.append(np.asarray(label)[0])
        return received + 1

    def classify(received, denoised, step):
        value = float(np.asarray(denoised).max())
        return ops.convert_to_tensor([[value, 0.0]])

    received = np.zeros((1, 8, 8, 1), np.float32)
    logits, rounds = self_referential_rounds(denoise, classify, received, np.array([240.0]), 5, 0.0)
    assert int(rounds) == 1
    np.testing.assert_allclose(labels[0], [0.5, 0.5])
    np.testing.assert_allclose(np.asarray(logits), [[1.0, 0.0]])
