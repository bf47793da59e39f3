"""Counts of one node of a point."""

import numpy as np

from diffsem.link.accuracy import effective_images, share_interval, wilson_interval
from diffsem.link.information import Bits, entropy_bits, leaked_bits
from diffsem.link.results.columns import STEP_BINS, STEPS_A_BIN


class Tally:
    """Sums over images, and over the draws of each image where a test set is gone through several times.

    Parameters
    ----------
    images : int
        Of the test set.
    passes : int
    """

    def __init__(self, images: int = 0, passes: int = 1) -> None:
        self._by_image = np.zeros([2, images], np.int64) if passes > 1 else None
        self.correct = 0
        self.correct_even = 0
        self.total = 0
        self._class_correct: np.ndarray = np.zeros(0, np.int64)
        self._class_total: np.ndarray = np.zeros(0, np.int64)
        self._sums: dict[str, float] = {}
        self._hits: list[np.ndarray] = []
        self._labels: list[np.ndarray] = []
        self._surprisal: list[np.ndarray] = []
        self.by_step = np.zeros([2, STEP_BINS], np.int64)

    def add(self, hits, labels, surprisal=None, **values) -> None:
        """Add one batch: arrays by image of hits, labels, surprisal, and what is to be summed (None: not measured)."""
        place = self._next_images(len(hits))
        even = place % 2 == 0
        if self._by_image is not None:
            images = self._by_image.shape[1]
            self._by_image += [np.bincount(chosen, minlength=images) for chosen in (place[hits], place)]
        self.correct += int(np.sum(hits))
        self.correct_even += int(np.sum(hits & even))
        self.total += len(hits)
        if labels is not None:
            self._hits.append(np.asarray(hits, bool))
            if surprisal is not None:
                self._labels.append(labels)
                self._surprisal.append(surprisal)
            self._class_correct = _sum(self._class_correct, np.bincount(labels[hits]))
            self._class_total = _sum(self._class_total, np.bincount(labels))
        both = values.get("both_correct")
        values["both_correct_even"] = None if both is None else both & even
        step = values.get("matched_step")
        if step is not None:
            place = (step // STEPS_A_BIN).astype(int)
            self.by_step += [np.bincount(chosen, minlength=STEP_BINS) for chosen in (place[hits], place)]
        for name, value in values.items():
            if value is not None:
                self._sums[name] = self._sums.get(name, 0.0) + float(np.sum(value, dtype=np.float64))

    def _next_images(self, draws: int) -> np.ndarray:
        """[draws] int: which image each of the next draws is of."""
        place = self.total + np.arange(draws)
        return place if self._by_image is None else place % self._by_image.shape[1]

    @property
    def effective(self) -> float:
        """Independent images that the accuracy is worth: all, if each was sent once."""
        return float(self.total) if self._by_image is None else effective_images(*self._by_image)

    def interval(self) -> tuple[float, float]:
        """95% interval of the accuracy: Wilson's, clustered by image where images were sent several times."""
        if self._by_image is None:
            return wilson_interval(self.correct, self.total)
        return share_interval(self.correct / self.total, self.effective)

    @property
    def images(self) -> int:
        """Different images."""
        return self.total if self._by_image is None else int(np.count_nonzero(self._by_image[1]))

    @property
    def hits(self) -> np.ndarray:
        """[total] bool: whether each draw was read right, in the order that they were sent; [0] of random bits."""
        return np.concatenate([np.zeros(0, bool), *self._hits])

    def leaked(self) -> Bits:
        """What an attack on labels knows of them (`leaked_bits`); NaN where nothing gave probabilities."""
        if not self._surprisal:
            return Bits(float("nan"), float("nan"), float("nan"))
        return leaked_bits(np.concatenate(self._surprisal), np.concatenate(self._labels), self.images)

    @property
    def largest_class(self) -> float:
        """Share of the commonest label; NaN if nothing had a label."""
        return float(self._class_total.max() / self._class_total.sum()) if len(self._class_total) else float("nan")

    @property
    def label_entropy(self) -> float:
        """H(Y) of the labels, bits; NaN if nothing had a label."""
        return entropy_bits(self._class_total) if len(self._class_total) else float("nan")

    def sum(self, name: str) -> float:
        return self._sums.get(name, float("nan"))

    def mean(self, name: str) -> float:
        return self.sum(name) / self.total

    def worst_class(self) -> tuple[int, int, int]:
        """The class with the lowest accuracy: (label, correct, total); (-1, 0, 0) if nothing had a label."""
        total = self._class_total
        if not len(total):
            return -1, 0, 0
        correct = _sum(self._class_correct, np.zeros(len(total), np.int64))
        worst = int(np.argmin(np.where(total > 0, correct / np.maximum(total, 1), np.inf)))
        return worst, int(correct[worst]), int(total[worst])


def _sum(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Elementwise sum of counts by class; the shorter array lacks the last classes."""
    length = max(len(left), len(right))
    return np.pad(left, (0, length - len(left))) + np.pad(right, (0, length - len(right)))
