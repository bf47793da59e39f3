"""The networks of Table I, and IBAL's encoder, for 28 x 28 grey images; the paper's feature has 64 real symbols."""

import math

import keras
from keras import layers

from diffsem.models.serialization import serializable

IMAGE_SHAPE = (28, 28, 1)
FEATURE_SHAPE = (8, 8, 1)
CLASSES = 10


@serializable
class Encoder(keras.Model):
    """Encoder E of Table I: image -> feature whose mean is 0 and whose mean square is 1 for every sample.

    The closing layer norm has neither scale nor offset, so that the power is exact (eq. 13 needs it).

    Parameters
    ----------
    feature_shape : tuple of three int
        [8, 8, channels], or [4, 4, channels], for which the last convolution halves height and width once more.

    Input
    -----
    image : [B, 28, 28, 1], float in [0, 1]

    Output
    ------
    feature : [B, *feature_shape], float

    Raises
    ------
    ValueError
        If the feature has another height or width.
    """

    def __init__(self, feature_shape=FEATURE_SHAPE, name="encoder", **kwargs):
        height, width, channels = feature_shape
        if (height, width) not in ((8, 8), (4, 4)):
            raise ValueError(f"feature_shape {tuple(feature_shape)}: height and width must be 8 x 8 or 4 x 4")
        image = keras.Input(IMAGE_SHAPE, name="image")
        x = layers.Conv2D(16, 3, strides=2, padding="same", name="conv1")(image)
        x = layers.LeakyReLU(name="leaky1")(x)
        # Two zeros a side turn 14 x 14 into the 8 x 8 of Table I.
        x = layers.ZeroPadding2D(2, name="pad2")(x)
        x = layers.Conv2D(32, 3, strides=2, name="conv2")(x)
        x = layers.LeakyReLU(name="leaky2")(x)
        x = layers.Conv2D(channels, 3, strides=8 // height, padding="same", name="conv3")(x)
        feature = layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, epsilon=1e-9, name="power")(x)
        super().__init__(inputs=image, outputs=feature, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)


@serializable
class LinearEncoder(keras.Model):
    """Encoder of IBAL's public code: one dense layer and tanh; here the symbols are scaled to unit power.

    Parameters
    ----------
    feature_shape : tuple of three int

    Input
    -----
    image : [B, 28, 28, 1], float in [0, 1]

    Output
    ------
    feature : [B, *feature_shape], float; unit mean square.
    """

    def __init__(self, feature_shape=FEATURE_SHAPE, name="linear_encoder", **kwargs):
        image = keras.Input(IMAGE_SHAPE, name="image")
        symbols = math.prod(feature_shape)
        x = layers.Dense(symbols, activation="tanh", name="dense")(layers.Flatten(name="flat")(image))
        x = layers.Rescaling(math.sqrt(symbols), name="scale")(layers.UnitNormalization(name="power")(x))
        super().__init__(inputs=image, outputs=layers.Reshape(feature_shape, name="feature")(x), name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)


@serializable
class Classifier(keras.Model):
    """Receiver's classifier C of Table I: (y, z^, t) -> logits; 2 k + 1 numbers in.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int

    Input
    -----
    [received, denoised, time]
        received : [B, *feature_shape], float; y, scaled to unit mean square.
        denoised : [B, *feature_shape], float; z^, or y again where there is no denoiser.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float
    """

    def __init__(self, feature_shape=FEATURE_SHAPE, classes=CLASSES, name="classifier", **kwargs):
        received = keras.Input(feature_shape, name="received")
        denoised = keras.Input(feature_shape, name="denoised")
        time = keras.Input((1,), name="time")
        x = layers.Concatenate(name="inputs")(
            [layers.Flatten(name="flat1")(received), layers.Flatten(name="flat2")(denoised), time]
        )
        x = layers.Dense(129, activation="relu", name="dense1")(x)
        logits = layers.Dense(classes, name="logits")(x)
        super().__init__(inputs=[received, denoised, time], outputs=logits, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes


@serializable
class StrongClassifier(keras.Model):
    """Judge Q of Table I: image -> logits (the table's sigmoid is left to the loss). Never part of the system.

    Parameters
    ----------
    classes : int

    Input
    -----
    image : [B, 28, 28, 1], float; in [0, 1] but for noise.

    Output
    ------
    logits : [B, classes], float
    """

    def __init__(self, classes=CLASSES, name="strong_classifier", **kwargs):
        image = keras.Input(IMAGE_SHAPE, name="image")
        x = layers.Flatten(name="flat")(image)
        x = layers.Dense(784, activation="tanh", name="dense1")(x)
        x = layers.Dense(128, activation="tanh", name="dense2")(x)
        super().__init__(inputs=image, outputs=layers.Dense(classes, name="logits")(x), name=name, **kwargs)
        self.classes = classes


@serializable
class InversionMLP(keras.Model):
    """Adversary A of Table I: eavesdropped symbols and their noise level -> image.

    The paper's adversary sees the symbols alone. Ours can be told the step too, which it can measure: the schedule
    is public and a receiver knows its own noise.

    Parameters
    ----------
    feature_shape, image_shape : tuple of three int

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; scaled to unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    image : [B, *image_shape], float
    """

    def __init__(self, feature_shape=FEATURE_SHAPE, image_shape=IMAGE_SHAPE, name="inversion_mlp", **kwargs):
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        x = layers.Concatenate(name="inputs")([layers.Flatten(name="flat")(received), time])
        x = layers.Dense(784, activation="tanh", name="dense1")(x)
        x = layers.Dense(math.prod(image_shape), name="dense2")(x)
        image = layers.Reshape(image_shape, name="image")(x)
        super().__init__(inputs=[received, time], outputs=image, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.image_shape = tuple(image_shape)
