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
    """

    received: "tf.Tensor"
    step: "tf.Tensor"
    esnr: "tf.Tensor"
