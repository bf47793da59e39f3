"""The networks of Table II, for colour images of any size; the paper's features are a quarter as high and wide."""

import keras
from keras import layers

from diffsem.models.serialization import serializable

# Batch statistics move fast while a network is young: averages over a hundred batches would lag behind the weights.
MOMENTUM = 0.9


def residual_block(x, channels: int, name: str, strides: int = 1, activation: str = "relu"):
    """Two convolutions with batch normalisation around a shortcut (He et al., CVPR 2016).

    Parameters
    ----------
    x : [B, height, width, depth]
    channels : int
    name : str
        Start of the layers' names.
    strides : int
        Of the first convolution, and of the shortcut.
    activation : str

    Returns
    -------
    [B, height / strides, width / strides, channels]
    """
    shortcut = x
    if strides != 1 or x.shape[-1] != channels:
        shortcut = layers.Conv2D(channels, 1, strides=strides, use_bias=False, name=f"{name}_shortcut")(x)
    x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_conv1")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm1")(x)
    x = layers.Activation(activation, name=f"{name}_act1")(x)
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv2")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm2")(x)
    return layers.Activation(activation, name=f"{name}_act2")(layers.Add(name=f"{name}_sum")([x, shortcut]))


def _reduction(image_shape, feature_shape) -> int:
    """How many times as high and wide as a feature an image is, 4 or 8. Raises ValueError if it is neither."""
    for reduction in (4, 8):
        if tuple(image_shape[:2]) == (reduction * feature_shape[0], reduction * feature_shape[1]):
            return reduction
    raise ValueError(
        f"feature_shape {tuple(feature_shape)}: height and width must be a quarter or an eighth of those of "
        f"image_shape {tuple(image_shape)}"
    )


def _with_time(symbols: list, time):
    """Symbols [B, height, width, channels] and a plane of the step [B, 1] beside their channels."""
    height, width = symbols[0].shape[1:3]
    planes = layers.RepeatVector(height * width, name="planes")(time)
    plane = layers.Reshape((height, width, 1), name="plane")(planes)
    return layers.Concatenate(name="inputs")([*symbols, plane])


@serializable
class ResidualEncoder(keras.Model):
    """Encoder E of Table II: image -> feature whose mean is 0 and whose mean square is 1 for every sample.

    The closing layer norm has neither scale nor offset, so that the power is exact.

    Parameters
    ----------
    image_shape : tuple of three int
        Height and width are divisible by 4, or by 8.
    feature_shape : tuple of three int
        A quarter of the image's height and width; or an eighth, for which the residual block halves them once more.

    Input
    -----
    image : [B, *image_shape], float in [0, 1]

    Output
    ------
    feature : [B, *feature_shape], float

    Raises
    ------
    ValueError
        If the feature has another height or width.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import ResidualEncoder
    >>> feature = ResidualEncoder((64, 64, 3), (16, 16, 2))(np.random.default_rng(1).random((2, 64, 64, 3))).numpy()
    >>> feature.shape, (feature**2).mean(axis=(1, 2, 3)).round(3).tolist()
    ((2, 16, 16, 2), [1.0, 1.0])
    """

    def __init__(self, image_shape=(32, 32, 3), feature_shape=(8, 8, 3), name="residual_encoder", **kwargs):
        reduction = _reduction(image_shape, feature_shape)
        image = keras.Input(image_shape, name="image")
        x = layers.Conv2D(16, 3, padding="same", name="conv1")(image)
        x = layers.LeakyReLU(name="leaky1")(x)
        x = layers.Conv2D(32, 3, strides=2, padding="same", name="conv2")(x)
        x = layers.LeakyReLU(name="leaky2")(x)
        x = residual_block(x, 32, "residual", strides=reduction // 4, activation="leaky_relu")
        x = layers.Conv2D(feature_shape[-1], 3, strides=2, padding="same", name="conv3")(x)
        x = layers.LeakyReLU(name="leaky3")(x)
        feature = layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, epsilon=1e-9, name="power")(x)
        super().__init__(inputs=image, outputs=feature, name=name, **kwargs)
        self.image_shape = tuple(image_shape)
        self.feature_shape = tuple(feature_shape)


@serializable
class ResidualClassifier(keras.Model):
    """Receiver's classifier C of Table II: (y, z^, t) -> logits; t is a plane beside the channels of y and z^.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int
    channels : int
        Of the second convolution and the residual block; the paper's 512.

    Input
    -----
    [received, denoised, time]
        received : [B, *feature_shape], float; y, scaled to unit mean square.
        denoised : [B, *feature_shape], float; z^, or y again where there is no denoiser.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    >>> from diffsem.models import ResidualClassifier
    >>> classifier = ResidualClassifier((8, 8, 3), classes=10, channels=16)
    >>> [each.shape for each in classifier.inputs], classifier.output_shape
    ([(None, 8, 8, 3), (None, 8, 8, 3), (None, 1)], (None, 10))
    """

    def __init__(self, feature_shape=(8, 8, 3), classes=10, channels=512, name="residual_classifier", **kwargs):
        received = keras.Input(feature_shape, name="received")
        denoised = keras.Input(feature_shape, name="denoised")
        time = keras.Input((1,), name="time")
        x = _with_time([received, denoised], time)
        x = layers.Conv2D(64, 3, padding="same", activation="tanh", name="conv1")(x)
        x = layers.Conv2D(channels, 3, strides=2, padding="same", activation="tanh", name="conv2")(x)
        x = residual_block(x, channels, "residual", activation="tanh")
        x = layers.GlobalAveragePooling2D(name="average")(x)
        logits = layers.Dense(classes, name="logits")(x)
        super().__init__(inputs=[received, denoised, time], outputs=logits, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.channels = channels


@serializable
class ResidualSymbolClassifier(keras.Model):
    """Eavesdropper's classifier of symbols that stand in a plane: the receiver's C without a denoiser.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int
    channels : int
        Half of the receiver's: surrogate images are a quarter as many.

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; scaled to unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    >>> from diffsem.models import ResidualSymbolClassifier
    >>> classifier = ResidualSymbolClassifier((8, 8, 3), classes=10, channels=16)
    >>> [each.shape for each in classifier.inputs], classifier.output_shape
    ([(None, 8, 8, 3), (None, 1)], (None, 10))
    """

    def __init__(self, feature_shape=(8, 8, 3), classes=10, channels=256, name="residual_symbol_classifier", **kwargs):
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        logits = ResidualClassifier(feature_shape, classes, channels)([received, received, time])
        super().__init__(inputs=[received, time], outputs=logits, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.channels = channels


@serializable
class ResidualStrongClassifier(keras.Model):
    """Judge Q of Table II: image -> logits. Never part of the system.

    Parameters
    ----------
    image_shape : tuple of three int
        Height and width are divisible by 8.
    classes : int

    Input
    -----
    image : [B, *image_shape], float; in [0, 1] but for noise.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    >>> from diffsem.models import ResidualStrongClassifier
    >>> ResidualStrongClassifier((32, 32, 3), classes=10).output_shape
    (None, 10)
    """

    def __init__(self, image_shape=(32, 32, 3), classes=10, name="residual_strong_classifier", **kwargs):
        image = keras.Input(image_shape, name="image")
        x = layers.Conv2D(64, 3, padding="same", activation="relu", name="conv1")(image)
        x = layers.Conv2D(256, 3, strides=2, padding="same", activation="relu", name="conv2")(x)
        x = residual_block(x, 512, "residual", strides=2)
        x = layers.AveragePooling2D(2, name="average")(x)
        x = layers.Flatten(name="flat")(x)
        x = layers.Dense(256, activation="relu", name="dense1")(x)
        super().__init__(inputs=image, outputs=layers.Dense(classes, name="logits")(x), name=name, **kwargs)
        self.image_shape = tuple(image_shape)
        self.classes = classes


@serializable
class InversionResidual(keras.Model):
    """Adversary A of Table II: eavesdropped symbols and their noise level -> image.

    The table's closing tanh is left out, as its dense counterpart has none: pixels lie in [0, 1].

    Parameters
    ----------
    feature_shape, image_shape : tuple of three int
        An image is four times as high and wide as its feature; or eight times, for which a third stage doubles them.

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; scaled to unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    image : [B, *image_shape], float

    Raises
    ------
    ValueError
        If an image is of another size.

    Examples
    --------
    >>> from diffsem.models import InversionResidual
    >>> [InversionResidual((4, 4, 3), (size, size, 3)).output_shape for size in (16, 32)]
    [(None, 16, 16, 3), (None, 32, 32, 3)]
    """

    def __init__(self, feature_shape=(8, 8, 3), image_shape=(32, 32, 3), name="inversion_residual", **kwargs):
        stages = (256, 128) if _reduction(image_shape, feature_shape) == 4 else (256, 128, 64)
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        x = _with_time([received], time)
        x = layers.Conv2D(512, 3, padding="same", activation="tanh", name="conv1")(x)
        for place, channels in enumerate(stages, 1):
            up = layers.Conv2DTranspose(channels, 2, strides=2, activation="tanh", name=f"up{place}")
            x = residual_block(up(x), channels, f"residual{place}", activation="tanh")
        image = layers.Conv2D(image_shape[-1], 3, padding="same", name="image")(x)
        super().__init__(inputs=[received, time], outputs=image, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.image_shape = tuple(image_shape)
