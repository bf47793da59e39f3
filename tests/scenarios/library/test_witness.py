"""What learners read, against problems whose Bayes risk is known and against the shipped attacks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

import diffsem
from diffsem.link import InputError, Observation
from diffsem.scenarios import overheard
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.attributes import classes_of, stroke_thickness
from diffsem.scenarios.datasets.source import Dataset, LabelledImages
from diffsem.scenarios.library import witness

QUICK = diffsem.load_scenario("mnist-quick")


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


@pytest.mark.parametrize("reader", ["neighbours", "network"])
@pytest.mark.parametrize("snr_db", [-10.0, 5.0])
def test_it_reads_as_much_as_can_be_read(two_gaussians, snr_db, reader):
    best = norm.cdf(10 ** (snr_db / 20))
    found = overheard(QUICK, 240, 15.0, eavesdropper_snr_db=snr_db, images=4000, reader=reader)
    assert found.accuracy == pytest.approx(best, abs=0.025)
    assert found.low < found.accuracy < found.high
    assert 0.5 <= found.guess < 0.54
    assert found.transmissions == 10_000
    assert (found.neighbours == 0) == (reader == "network")


def test_what_is_no_attribute_is_told():
    with pytest.raises(InputError, match=r"dataset mnist: 'age' is nothing .* allowed: label, stroke-thickness"):
        overheard(QUICK, 240, 15.0, reads="age")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"timestep": 501}, "timestep 501; allowed: 0 to 500"),
        ({"reader": "oracle"}, "reader oracle; allowed: neighbours, network"),
        ({"images": 0}, "images 0; allowed: 1 or more"),
        ({"own_images": 1}, "own_images 1; allowed: 10 or more"),
        ({"draws": 0}, "draws 0; allowed: 1 or more"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line(asked, told):
    with pytest.raises(InputError, match=f"^overheard: {told}$"):
        overheard(**({"scenario": QUICK, "timestep": 240, "snr_db": 15.0} | asked))


def bars(*widths):
    images = np.zeros((len(widths), 28, 28, 1), np.uint8)
    for image, width in zip(images, widths, strict=True):
        image[4:24, 6 : 6 + width] = 255
    return LabelledImages(images, np.zeros(len(widths), np.int32))


def test_strokes_are_as_thick_as_they_were_drawn():
    thickness = stroke_thickness(bars(0, 1, 3, 5, 7))
    assert thickness == pytest.approx([0, 1, 3, 5, 7], abs=0.6)
    assert np.all(np.diff(thickness) > 0)
    turned = bars(3)
    assert stroke_thickness(replace(turned, images=turned.images.transpose(0, 2, 1, 3))) == stroke_thickness(turned)


def test_measures_are_told_in_thirds_and_classes_as_they_are(rng):
    values = rng.standard_normal(3000)
    assert np.bincount(classes_of(values, values)).tolist() == [1000, 1000, 1000]
    assert classes_of(np.array([-9.0, 0.0, 9.0]), values).tolist() == [0, 1, 2]
    assert classes_of(np.array([4, 1]), np.zeros(1)).tolist() == [4, 1]


@pytest.mark.slow
def test_it_reads_what_a_shipped_attack_does():
    """Without a network or a training, at t = 120: nearly as much as the best attack does."""
    found = overheard(diffsem.load_scenario("mnist-awgn"), 120, 15.0, images=2000)
    told = diffsem.leakage(diffsem.read_results("notebooks/mnist-awgn.h5"))
    attack = told.query("timestep == 120 and receiver_snr_db == 15 and system == 'diffsem'")["adversary"].item()
    assert attack - 0.05 < found.accuracy < attack + 0.02


def test_six_of_ten_classes_of_cifar10_are_animals():
    """Airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck."""
    labels = LabelledImages(np.zeros((10, 32, 32, 3), np.uint8), np.arange(10, dtype=np.int32))
    animal = resolve_dataset("cifar10")[0].attributes["animal"](labels)
    assert animal.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]
    assert classes_of(animal, animal) is animal
