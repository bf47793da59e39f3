"""An encoder that adds a perturbation of its own making to what it sends."""

import math

import keras
from keras import layers, ops

from diffsem.models.networks.tables import build_encoder
from diffsem.models.serialization import serializable


@serializable
class UnitPower(layers.Layer):
    """[B, ...] -> the same at mean square 1 a sample."""

    def call(self, value):
        axes = tuple(range(1, len(value.shape)))
        # Power without a bound from below has no gradient at 0.
        return value * ops.rsqrt(ops.mean(ops.square(value), axis=axes, keepdims=True) + 1e-9)


@serializable
class PerturbedEncoder(keras.Model):
    """image -> feature z of the data set's encoder -> z + sqrt(share) delta(z), at unit power.

    Parameters
    ----------
    image_shape, feature_shape : tuple of three int
    share : float
        Power of the perturbation to that of the feature.
    width : int
        Of the hidden layer that makes the perturbation.

    Input
    -----
    image : [B, *image_shape], float in [0, 1]

    Output
    ------
    feature : [B, *feature_shape], float; mean square 1 for every sample.

    Examples
    --------
    What is sent lies as far from the feature as the share says: their correlation is 1 / sqrt(1 + share) where the two
    are orthogonal, and more or less where they are not.

    >>> import numpy as np
    >>> from diffsem.models import PerturbedEncoder
    >>> encoder = PerturbedEncoder((28, 28, 1), (8, 8, 1), share=0.1)
    >>> images = np.random.default_rng(1).random((2, 28, 28, 1))
    >>> clean, sent = encoder.clean(images).numpy(), encoder(images).numpy()
    >>> [round(float(power), 3) for power in (sent**2).mean(axis=(1, 2, 3))]
    [1.0, 1.0]
    >>> bool((np.abs((clean * sent).mean(axis=(1, 2, 3)) - 1.1**-0.5) < 0.2).all())
    True
    """

    def __init__(self, image_shape, feature_shape, share=0.1, width=256, name="perturbed_encoder", **kwargs):
        clean = build_encoder(image_shape, feature_shape)
        image = keras.Input(image_shape, name="image")
        feature = clean(image)
        x = layers.Dense(width, activation="relu", name="hidden")(layers.Flatten(name="flat")(feature))
        x = layers.Dense(math.prod(feature_shape), name="direction")(x)
        delta = UnitPower(name="delta")(layers.Reshape(feature_shape, name="perturbation")(x))
        sent = UnitPower(name="sent")(feature + math.sqrt(share) * delta)
        super().__init__(inputs=image, outputs=sent, name=name, **kwargs)
        self.clean = clean
        self.image_shape = tuple(image_shape)
        self.feature_shape = tuple(feature_shape)
        self.share = share
        self.width = width
