"""Receivers: (y, t') -> logits, with and without a denoiser."""

import keras
from keras import ops

from diffsem.link.transmission.mapping import map_once
from diffsem.models import Denoise, in_batches, self_referential_rounds, serializable


class _Receiver(keras.layers.Layer):
    """What all receivers share: a classifier C that reads (y, z^, t / T).

    Parameters
    ----------
    classifier : keras.Model
        [y, z^, time] -> logits.
    last_step : int
        T.
    batch_size : int, optional
        Samples that the networks get at a time; the input holds a multiple of it. Default: all of the input.

    Input
    -----
    [received, step]
        received : [B, ...], float; y, unit mean square.
        step : [B], float; t', 0..T.

    Output
    ------
    logits : [B, classes], float
    denoiser_calls : [B], float32
        Calls of the U-Net that each image took.
    """

    def __init__(self, classifier, last_step=500, batch_size=None, **kwargs):
        super().__init__(**kwargs)
        self.classifier = classifier
        self.last_step = last_step
        self.batch_size = batch_size

    def build(self, input_shape):
        self.built = True

    def classify(self, received, denoised, step):
        return self.classifier([received, denoised, step[:, None] / self.last_step])

    def compute_output_spec(self, inputs):
        received, step = inputs
        classes = self.classifier.output_shape[-1]
        return keras.KerasTensor((received.shape[0], classes)), keras.KerasTensor(step.shape, dtype="float32")


@serializable
class BypassReceiver(_Receiver):
    """C(y, y, t): no denoiser. The paper's curve "Classifier" and, with a C trained on noise, the control.

    Examples
    --------
    A classifier that adds y and z^ shows that both are y.

    >>> import tensorflow as tf
    >>> from diffsem.link import BypassReceiver
    >>> receiver = BypassReceiver(lambda inputs: inputs[0] + inputs[1])
    >>> logits, calls = receiver([tf.constant([[1.0, 3.0]]), tf.constant([240.0])])
    >>> logits.numpy().tolist(), calls.numpy().tolist()
    ([[2.0, 6.0]], [0.0])
    """

    def call(self, inputs):
        received, step = inputs
        logits = in_batches(lambda y, t: self.classify(y, y, t), self.batch_size, received, step, over=map_once)
        return logits, ops.zeros_like(step, "float32")


@serializable
class DiffSemReceiver(_Receiver):
    """z^ = D(y, t), then C(y, z^, t) (eq. 3, Algorithm 2). With a grid of one step: the one-step estimate.

    Parameters
    ----------
    denoise : Denoise
        D.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from diffsem.link import DiffSemReceiver
    >>> from diffsem.models import Denoise, UNet, mnist
    >>> receiver = DiffSemReceiver(mnist.Classifier(), Denoise(UNet(channels=8), grid=3))
    >>> logits, calls = receiver([tf.zeros([2, 8, 8, 1]), tf.constant([240.0, 60.0])])
    >>> tuple(logits.shape), calls.numpy().tolist()
    ((2, 10), [3.0, 3.0])
    """

    def __init__(self, classifier, denoise: Denoise, last_step=500, batch_size=None, **kwargs):
        super().__init__(classifier, last_step, batch_size, **kwargs)
        self.denoise = denoise

    def call(self, inputs):
        received, step = inputs
        logits = in_batches(
            lambda y, t: self.classify(y, self.denoise([y, t]), t), self.batch_size, received, step, over=map_once
        )
        return logits, ops.full_like(step, self.denoise.calls, "float32")


@serializable
class EDiffSemReceiver(_Receiver):
    """Rounds of z^ = D(y, t, p), p = C(y, z^, t), from p = C(y, y, t), until a sample's label settles.

    Parameters
    ----------
    denoise : Denoise
        D.
    max_rounds : int
        Rounds at most.

    Examples
    --------
    A classifier that always says 3 settles at once, after one round of two calls.

    >>> import tensorflow as tf
    >>> from diffsem.link import EDiffSemReceiver
    >>> from diffsem.models import Denoise, UNet
    >>> def always(inputs):
    ...     return tf.one_hot(tf.fill(tf.shape(inputs[0])[:1], 3), 10)
    >>> receiver = EDiffSemReceiver(always, Denoise(UNet(channels=8, context=10), grid=2), max_rounds=5)
    >>> receiver([tf.zeros([1, 8, 8, 1]), tf.constant([240.0])])[1].numpy().tolist()
    [2.0]
    """

    def __init__(self, classifier, denoise: Denoise, max_rounds=5, last_step=500, batch_size=None, **kwargs):
        super().__init__(classifier, last_step, batch_size, **kwargs)
        self.denoise = denoise
        self.max_rounds = max_rounds

    def call(self, inputs):
        received, step = inputs
        first = in_batches(lambda y, t: self.classify(y, y, t), self.batch_size, received, step, over=map_once)
        logits, rounds = self_referential_rounds(
            lambda y, t, label: self.denoise([y, t, label]),
            self.classify,
            received,
            step,
            first,
            self.max_rounds,
            self.batch_size,
        )
        return logits, ops.cast(rounds, "float32") * self.denoise.calls
