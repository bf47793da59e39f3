"""Attacks: (y, t') as the eavesdropper hears it -> an image, or a label."""

import keras
from keras import ops

from diffsem.models import serializable

# What a network that is not told the step reads in its place.
UNKNOWN_TIME = 0.0


@serializable
class NetworkAttack(keras.layers.Layer):
    """A = network(y, t / T), trained on chosen plaintexts (eq. 4, 5).

    Parameters
    ----------
    network : keras.Model
        [y, time] -> image, or logits.
    last_step : int
        T.
    knows_step : bool
        Whether the network is told the step that its noise amounts to; if not, it reads 0.

    Input
    -----
    [received, step]
        received : [B, ...], float; y, unit mean square.
        step : [B], float; t', 0..T.

    Output
    ------
    [B, height, width, channels] or [B, classes], float

    Examples
    --------
    A network that only tells the time that it reads, at the step 250 of 500.

    >>> import tensorflow as tf
    >>> from diffsem.link import NetworkAttack
    >>> heard = [tf.zeros([1, 8, 8, 1]), tf.constant([250.0])]
    >>> told, not_told = (NetworkAttack(lambda inputs: inputs[1], knows_step=knows)(heard) for knows in (True, False))
    >>> float(told[0, 0]), float(not_told[0, 0])
    (0.5, 0.0)
    """

    def __init__(self, network, last_step=500, knows_step=True, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.last_step = last_step
        self.knows_step = knows_step

    def build(self, input_shape):
        self.built = True

    def call(self, inputs):
        received, step = inputs
        time = step[:, None] / self.last_step
        return self.network([received, time if self.knows_step else ops.full_like(time, UNKNOWN_TIME)])
