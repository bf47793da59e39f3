import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from diffsem.models import self_referential_rounds

CLASSES = 4


def toy(sequences):
    """A receiver whose label of sample i in round r is sequences[i][r]: y carries i, z^ counts the rounds.

    The round that a sample is in is told by its soft label alone: the logits' height is the round.
    """
    table = np.asarray(sequences)

    def logits_of(sample, rounds):
        label = table[sample, np.minimum(rounds, table.shape[1] - 1)]
        return ops.convert_to_tensor(np.eye(CLASSES, dtype=np.float32)[label] * (rounds[:, None] + 1))

    def denoise(received, step, label):
        # softmax(h e_k) peaks at e^h / (e^h + 3): the round before this one is h - 1.
        peak = np.asarray(label).max(axis=-1)
        height = np.rint(np.log(3 * peak / (1 - peak)))
        return ops.convert_to_tensor(np.broadcast_to(height[:, None], np.shape(received)).astype(np.float32))

    def classify(received, denoised, step):
        return logits_of(np.asarray(received)[:, 0].astype(int), np.asarray(denoised)[:, 0].astype(int))

    received = np.arange(len(table), dtype=np.float32)[:, None]
    return denoise, classify, received, logits_of(np.arange(len(table)), np.zeros(len(table), int))


def one_by_one(sequence, max_rounds):
    """(last label, rounds), straight from the definition."""
    for rounds in range(1, max_rounds + 1):
        if sequence[rounds] == sequence[rounds - 1]:
            return sequence[rounds], rounds
    return sequence[max_rounds], max_rounds


@given(
    sequences=st.lists(st.lists(st.integers(0, CLASSES - 1), min_size=6, max_size=6), min_size=1, max_size=12),
    lanes=st.integers(1, 15),
    max_rounds=st.integers(1, 5),
)
def test_every_sample_takes_its_own_rounds_however_many_are_denoised_together(sequences, lanes, max_rounds):
    denoise, classify, received, first = toy(sequences)
    step = np.full(len(sequences), 240.0, np.float32)
    logits, rounds = self_referential_rounds(denoise, classify, received, step, first, max_rounds, lanes)
    expected = [one_by_one(sequence, max_rounds) for sequence in sequences]
    assert list(zip(np.asarray(logits).argmax(-1), np.asarray(rounds), strict=True)) == expected


@pytest.mark.parametrize(("samples", "lanes", "passes"), [(12, 4, 3), (12, 12, 1), (13, 4, 4)])
def test_the_denoiser_works_on_full_batches(samples, lanes, passes):
    """Labels that never change settle in one round: no more passes than batches."""
    denoise, classify, received, first = toy([[0] * 6] * samples)
    shapes = []

    def counting(received, step, label):
        shapes.append(np.shape(received))
        return denoise(received, step, label)

    self_referential_rounds(counting, classify, received, np.full(samples, 240.0), first, 5, lanes)
    assert shapes == [(lanes, 1)] * passes


def test_a_slow_sample_does_not_hold_the_others_up():
    """One sample of five rounds and eleven of one: sixteen rounds in all, on four lanes five passes and not eight."""
    denoise, classify, received, first = toy([[0, 1, 0, 1, 0, 1], *([[0] * 6] * 11)])
    passes = []

    def counting(received, step, label):
        passes.append(1)
        return denoise(received, step, label)

    _, rounds = self_referential_rounds(counting, classify, received, np.full(12, 240.0), first, 5, 4)
    assert np.asarray(rounds).tolist() == [5] + [1] * 11
    assert len(passes) == 5


def test_each_round_is_steered_by_the_soft_label_of_the_round_before():
    labels = []

    def denoise(received, step, label):
        labels.append(np.asarray(label)[0])
        return received + 1

    def classify(received, denoised, step):
        value = float(np.asarray(denoised).max())
        return ops.convert_to_tensor([[value, 0.0]])

    received = np.zeros((1, 8, 8, 1), np.float32)
    first = ops.convert_to_tensor([[0.0, np.log(3.0)]])
    logits, rounds = self_referential_rounds(denoise, classify, received, np.array([240.0]), first, 5)
    assert np.asarray(rounds).tolist() == [2]
    np.testing.assert_allclose(labels[0], [0.25, 0.75], atol=1e-6)
    np.testing.assert_allclose(labels[1], np.exp([1, 0]) / np.exp([1, 0]).sum(), atol=1e-6)
    np.testing.assert_allclose(np.asarray(logits), [[1.0, 0.0]])
