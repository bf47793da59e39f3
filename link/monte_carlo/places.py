"""Where a node stands in a street."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Places:
    """The places of a node, by number.

    Parameters
    ----------
    numbers : [P], int
        As the result table has them in the column `place`.
    x_m, y_m : [P], float
        m.
    path_gain_db : [P], float
        Received over radiated power, dB.
    line_of_sight : [P], bool

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import Places
    >>> street = Places(np.array([4, 9]), np.array([0.0, 2.0]), np.zeros(2), np.full(2, -80.0), np.array([True, False]))
    >>> street.row(9)
    {'x_m': 2.0, 'y_m': 0.0, 'path_gain_db': -80.0, 'line_of_sight': 0}
    """

    numbers: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    path_gain_db: np.ndarray
    line_of_sight: np.ndarray

    def row(self, number: int) -> dict[str, float | int]:
        """The columns `STANDING` of a place. Raises KeyError if there is none of that number."""
        found = np.flatnonzero(self.numbers == number)
        if not len(found):
            raise KeyError(number)
        at = found[0]
        measured = {name: round(float(getattr(self, name)[at]), 4) for name in ("x_m", "y_m", "path_gain_db")}
        return {**measured, "line_of_sight": int(self.line_of_sight[at])}
