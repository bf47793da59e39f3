"""Nearest neighbours against problems whose Bayes risk is known, and against the shipped attacks."""

import math

import numpy as np
import pytest
from scipy.stats import norm

import diffsem
from diffsem.link import Observation
from diffsem.scenarios import nearest_neighbours
from diffsem.scenarios.datasets.source import Dataset, LabelledImages
from diffsem.scenarios.library import witness


class TwoGaussians:
    """A link that sends the label as +-1 in Gaussian noise: the best there is reads Phi(sqrt(SNR)) of them."""

    def transmit(self, image, step, snr_db, eavesdropper_snr_db, seeds):
        rng = np.random.default_rng(seeds.eavesdropper[0])
        sign = 2 * np.round(np.asarray(image)[:, 0, 0, 0] * 255) - 1
        heard = sign + rng.standard_normal(len(sign)) * 10 ** (-eavesdropper_snr_db[0] / 20)
        return None, [Observation(heard[:, None], step, snr_db)], 0 * step


def two_labels(count, rng):
    labels = rng.integers(0, 2, count).astype(np.int32)
    return LabelledImages(np.tile(labels.astype(np.uint8)[:, None, None, None], [1, 28, 28, 1]), labels)


@pytest.fixture
def two_gaussians(rng, monkeypatch):
    parts = Dataset(two_labels(8, rng), two_labels(10_000, rng), two_labels(4000, rng))
    monkeypatch.setattr(witness.splitting, "load_dataset", lambda *args: parts)
    monkeypatch.setattr(witness, "load_link", lambda *args: TwoGaussians())


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 5.0])
def test_it_reads_as_much_as_can_be_read_and_bounds_it(two_gaussians, snr_db):
    best = norm.cdf(10 ** (snr_db / 20))
    found = nearest_neighbours(diffsem.load_scenario("mnist-quick"), 240, 15.0, eavesdropper_snr_db=snr_db, images=4000)
    assert found.accuracy == pytest.approx(best, abs=0.025)
    assert found.low < found.accuracy < found.high
    # In two classes 1 - sqrt(1 - 2 e) over 2, of an error that is 2 r (1 - r) at its best.
    assert found.bound > best - 0.025
    assert found.transmissions == 8000
    error = 2 * (1 - found.bound) * found.bound
    assert found.bound == pytest.approx(1 - (1 - math.sqrt(1 - 2 * error)) / 2)


@pytest.mark.slow
def test_it_reads_what_a_shipped_attack_does():
    """Without a network or a training, at t = 120: nearly as much as the best attack does."""
    found = nearest_neighbours(diffsem.load_scenario("mnist-awgn"), 120, 15.0, images=2000)
    told = diffsem.leakage(diffsem.read_results("notebooks/mnist-awgn.h5"))
    attack = told.query("timestep == 120 and receiver_snr_db == 15 and system == 'diffsem'")["adversary"].item()
    assert attack - 0.05 < found.accuracy < attack + 0.02
