"""Receivers: (y, t') -> logits, with and without a denoiser."""

import keras
from keras import ops

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
    """C(y, y, t): no denoiser. The paper's curve "Classifier" and, with a C trained on noise, the control."""

    def call(self, inputs):
        received, step = inputs
        logits = in_batches(lambda y, t: self.classify(y, y, t), self.batch_size, received, step)
        return logits, ops.zeros_like(step, "float32")


@serializable
class DiffSemReceiver(_Receiver):
    """z^ = D(y, t), then C(y, z^, t) (eq. 3, Algorithm 2). With a grid of one step: the one-step estimate.

    Parameters
    ----------
    denoise : Denoise
        D.
    """

    def __init__(self, classifier, denoise: Denoise, last_step=500, batch_size=None, **kwargs):
        super().__init__(classifier, last_step, batch_size, **kwargs)
        self.denoise = denoise

    def call(self, inputs):
        received, step = inputs
        logits = in_batches(lambda y, t: self.classify(y, self.denoise([y, t]), t), self.batch_size, received, step)
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
    """

    def __init__(self, classifier, denoise: Denoise, max_rounds=5, last_step=500, batch_size=None, **kwargs):
        super().__init__(classifier, last_step, batch_size, **kwargs)
        self.denoise = denoise
        self.max_rounds = max_rounds

    def call(self, inputs):
        received, step = inputs
        first = in_batches(lambda y, t: self.classify(y, y, t), self.batch_size, received, step)
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
