"""The dictionary of pads: every word of a codebook is found in what is heard, however few images there are."""

import keras
import numpy as np
import pytest

from diffsem.models import PadDictionaryClassifier
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.contracts.attack import Target
from diffsem.scenarios.datasets.source import LabelledImages

COUNT = 40


class Jammed:
    """Hears words of a codebook over the feature, at steps of all kinds; keeps how often it was asked."""

    name, knows_step = "mine", True

    def __init__(self, words):
        self.book = np.sign(np.random.default_rng(3).standard_normal((words, 64))).astype(np.float32)
        self.heard = 0

    def rng(self, *path):
        return np.random.default_rng(4)

    def images(self):
        images = LabelledImages(np.zeros((COUNT, 28, 28, 1), np.uint8), np.arange(COUNT) % 10)
        return images, images

    def hear(self, images, rng):
        self.heard += len(images)
        time = rng.random((len(images), 1)).astype(np.float32)
        word = self.book[rng.integers(len(self.book), size=len(images))]
        feature = rng.standard_normal((len(images), 64))
        heard = np.sqrt(1 - time**2) * feature + time * word
        return [heard.reshape(-1, 8, 8, 1).astype(np.float32), time]

    def fit(self, model, loss, target, **plan):
        return [{"epoch": 0}]


@pytest.mark.parametrize("words", [4, 32])
def test_every_word_of_a_codebook_is_found(words):
    eavesdropping, method = Jammed(words), shipped_attacks()["pad-dictionary"]
    target = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.3, keyed=True, codewords=words)
    model = method.network(target)
    assert model.pads == words
    method.train(eavesdropping, model)
    likeness = np.asarray(model.removal.dictionary) @ eavesdropping.book.T / 64
    # Each word is near one centre, but for the few that k-means may merge.
    found = (likeness.max(axis=0) > 0.9).mean()
    assert found >= 0.9
    # 24 transmissions that are mostly self-noise, a word: three in ten are.
    assert eavesdropping.heard >= 24 * words / 0.3


def test_without_a_codebook_there_are_as_many_pads_as_ever():
    target = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.3, keyed=True)
    model = shipped_attacks()["pad-dictionary"].network(target)
    assert isinstance(model, PadDictionaryClassifier)
    assert isinstance(model, keras.Model)
    assert model.pads == 64
