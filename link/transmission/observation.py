"""What a node has after its equaliser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a link's protocol is read without it
    import tensorflow as tf


@dataclass(frozen=True)
class Observation:
    """What a node has of one transmission, or of several that add up.

    Parameters
    ----------
    received : [B, ...], float32
        y.
    step : [B], float32
        t', the step that y stands at.
    esnr : [B], float32
        Signal over noise power a real symbol, linear: where symbols are features it bounds what the node can read.
    capacity : [B], float32, optional
        Bits an image that the node's channel alone lets through, whatever the transmitter adds to its symbols: the sum
        of log2(1 + Es/N0) over them. None: not told.

    Examples
    --------
    What the noise of an image lets through of ten classes in 64 real symbols.

    >>> import numpy as np
    >>> from diffsem.link import Observation, simplex_ceilings
    >>> heard = Observation(np.zeros([2, 8, 8, 1]), step=np.full(2, 240.0), esnr=np.array([0.01, 0.1]))
    >>> simplex_ceilings(heard.esnr, 64, 10).round(3).tolist()
    [0.293, 0.845]
    """

    received: "tf.Tensor"
    step: "tf.Tensor"
    esnr: "tf.Tensor"
    capacity: "tf.Tensor | None" = None
