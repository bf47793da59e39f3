"""When a node of a point is known well enough."""

import math
from dataclasses import dataclass

from diffsem.link.accuracy import share_interval


@dataclass(frozen=True)
class StoppingRule:
    """When a node is known well enough; a point ends once all its nodes are, or none has images left.

    Parameters
    ----------
    max_images : int
    target_errors : int or None
        Wrong labels, as in bit error rate sweeps.
    ci_half_width : float or None
        Half width of the 95% interval of the accuracy.
    test_set : int or None
        Images of the test set, times the passes over it; None: nothing that a test set has is sent.

    Examples
    --------
    >>> from diffsem.link import StoppingRule
    >>> rule = StoppingRule(max_images=1000, target_errors=50)
    >>> [rule.reason(correct, total) for correct, total in ((60, 100), (50, 100), (990, 1000))]
    ['', 'target_errors', 'max_images']
    >>> rule.projected_images(correct=90, total=100)
    500
    """

    max_images: int
    target_errors: int | None = None
    ci_half_width: float | None = None
    test_set: int | None = None

    @property
    def images(self) -> int:
        """Images that a node counts at most."""
        return self.max_images if self.test_set is None else min(self.max_images, self.test_set)

    def reason(self, correct: int, total: int, effective: float | None = None) -> str:
        """Name of the rule that is met, or "" if none is.

        Parameters
        ----------
        correct, total : int
        effective : float, optional
            Independent images that they are worth (`effective_images`); default: all.
        """
        if self.target_errors is not None and total - correct >= self.target_errors:
            return "target_errors"
        if self.ci_half_width is not None and _half_width(correct, total, effective) <= self.ci_half_width:
            return "ci_half_width"
        if total >= self.max_images:
            return "max_images"
        return "test_set" if total >= self.images else ""

    def projected_images(self, correct: int, total: int, effective: float | None = None) -> int:
        """Images after which the first rule will be met if the node goes on as it began; at least 1.

        It only decides how much is simulated ahead, never what is counted.
        """
        if self.target_errors is None and self.ci_half_width is None:
            return self.images
        if total == 0:
            return 1
        projections: list[float] = [self.images]
        if self.target_errors is not None:
            projections.append(total * self.target_errors / max(total - correct, 1))
        if self.ci_half_width is not None:
            projections.append(total * (_half_width(correct, total, effective) / self.ci_half_width) ** 2)
        return max(1, math.ceil(min(projections)))


def _half_width(correct: int, total: int, effective: float | None) -> float:
    low, high = share_interval(correct / total, effective or total)
    return (high - low) / 2
