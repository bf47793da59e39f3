"""What a node knows of its channel."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Csi:
    """Channel state information at a node, perfect by default.

    The mean noise variance no is always known: a node measures it over a long time. What it has to learn from pilots is
    the channel of the moment, and with it the effective noise variance of every symbol.

    A least-squares node does not know the channel's statistics, and so not by how much its estimate is too large on
    average where it is noisy: it takes the error for independent of the estimate. What it tells of the noise is right
    on average over transmissions, too little where the estimate is strong and too much where it is weak: told over true
    0.64 and 1.3 in the strongest and the weakest tenth of them at 0 dB, 0.97 and 1.0 at 15 dB (Rayleigh fading, one
    pilot, no self-noise). Symbols that carry self-noise shrink with it under such an estimate, and what is told of the
    noise around the feature is too much on average: 1.05 at t = 240, 15 dB, 1.4 at t = 240, 0 dB and 1.8 at t = 499,
    0 dB. "lmmse" tells what is (0.98 of it on a grid with two pilots at 30 m/s).

    Parameters
    ----------
    pilots : int
        Pilots of each stream in a coherence block, or OFDM symbols with pilots in a grid; 0: perfect knowledge.
    estimator : str
        "ls" (least squares; linear interpolation on a grid) or "lmmse" (with the channel's own statistics).
    boost_db : float
        Energy of a pilot over that of a data symbol, dB.
    correlation : float
        Of the scattered part of the gain that was measured with the one of the transmission, 0..1; less than 1 is
        outdated knowledge. The node knows the coefficient.

    Raises
    ------
    ValueError
        If there are less than no pilots, the estimator is unknown, or the correlation lies outside 0..1.

    Examples
    --------
    >>> from diffsem.channels import Csi
    >>> Csi(pilots=2, estimator="lmmse")
    Csi(pilots=2, estimator='lmmse', boost_db=0.0, correlation=1.0)
    """

    pilots: int = 0
    estimator: Literal["ls", "lmmse"] = "ls"
    boost_db: float = 0.0
    correlation: float = 1.0

    def __post_init__(self):
        if self.pilots < 0:
            raise ValueError(f"pilots {self.pilots}: need 0 (perfect knowledge) or more")
        if self.estimator not in ("ls", "lmmse"):
            raise ValueError(f"estimator {self.estimator!r}: allowed: ls, lmmse")
        if not 0 <= self.correlation <= 1:
            raise ValueError(f"correlation {self.correlation}: allowed: 0 to 1")

    @property
    def boost(self) -> float:
        """`boost_db` as a factor."""
        return 10 ** (self.boost_db / 10)


def csi_of(csi: Csi | dict | None) -> Csi:
    """From an object, from its fields as they are stored, or the default."""
    return Csi(**csi) if isinstance(csi, dict) else csi or Csi()
