"""Networks of the eavesdropper, beyond the paper's: each reads [y, t / T] for features of any shape."""

import keras
from keras import layers, ops

from diffsem.models.diffusion.denoising import Denoise
from diffsem.models.diffusion.schedule import NoiseSchedule
from diffsem.models.serialization import serializable


@serializable
class InversionConv(keras.Model):
    """A convolutional decoder, larger than the paper's A: symbols and their noise level -> image.

    Parameters
    ----------
    feature_shape, image_shape : tuple of three int
        Height and width of an image are divisible by 4.
    channels : int
        Channels at a quarter of the image's height and width; half as many at half of them.

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    image : [B, *image_shape], float in [0, 1]

    Examples
    --------
    >>> from diffsem.models import InversionConv
    >>> InversionConv((8, 8, 1), (28, 28, 1), channels=8).output_shape
    (None, 28, 28, 1)
    """

    def __init__(self, feature_shape, image_shape, channels=32, name="inversion_conv", **kwargs):
        height, width, depth = image_shape
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        x = layers.Concatenate(name="inputs")([layers.Flatten(name="flat")(received), time])
        x = layers.Dense(512, activation="gelu", name="dense1")(x)
        x = layers.Dense(height // 4 * (width // 4) * channels, activation="gelu", name="dense2")(x)
        x = layers.Reshape((height // 4, width // 4, channels), name="map")(x)
        x = layers.Conv2D(channels, 3, padding="same", activation="gelu", name="conv1")(x)
        x = layers.Conv2DTranspose(channels // 2, 4, strides=2, padding="same", activation="gelu", name="up1")(x)
        x = layers.Conv2D(channels // 2, 3, padding="same", activation="gelu", name="conv2")(x)
        image = layers.Conv2DTranspose(depth, 4, strides=2, padding="same", activation="sigmoid", name="image")(x)
        super().__init__(inputs=[received, time], outputs=image, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.image_shape = tuple(image_shape)
        self.channels = channels


@serializable
class SymbolClassifier(keras.Model):
    """A classifier of symbols: the direct way to a label, past any image.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int
    hidden : tuple of int
        Widths of the hidden layers; none makes a linear probe, which reads the symbols alone.
    sorted_magnitudes : bool
        Read the magnitudes of the symbols in descending order, and nothing else of them. Of symbols in Gaussian noise
        whose order and signs are drawn at random this is all that tells of the feature: it is lossless.
    batch_normalised : bool
        Normalise what each hidden layer gives over the batch, before its activation.

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    One that reads sorted magnitudes does not care how the symbols are ordered and signed.

    >>> import numpy as np
    >>> from diffsem.models import SymbolClassifier
    >>> classifier = SymbolClassifier((2, 2, 1), classes=10, hidden=(8,), sorted_magnitudes=True)
    >>> symbols, time = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 2, 1), np.zeros((1, 1))
    >>> np.allclose(classifier([symbols, time]), classifier([-symbols[:, ::-1], time]))
    True
    """

    def __init__(
        self,
        feature_shape,
        classes,
        hidden=(512, 256),
        sorted_magnitudes=False,
        batch_normalised=False,
        name="symbol_classifier",
        **kwargs,
    ):
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        x = layers.Flatten(name="flat")(received)
        if sorted_magnitudes:
            x = ops.flip(ops.sort(ops.abs(x), axis=-1), axis=-1)
        if hidden:
            x = layers.Concatenate(name="inputs")([x, time])
        for place, width in enumerate(hidden, 1):
            if batch_normalised:
                x = layers.Dense(width, use_bias=False, name=f"dense{place}")(x)
                x = layers.Activation("gelu", name=f"gelu{place}")(layers.BatchNormalization(name=f"norm{place}")(x))
            else:
                x = layers.Dense(width, activation="gelu", name=f"dense{place}")(x)
        super().__init__(inputs=[received, time], outputs=layers.Dense(classes, name="logits")(x), name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.hidden = tuple(hidden)
        self.sorted_magnitudes = sorted_magnitudes
        self.batch_normalised = batch_normalised


@serializable
class PadDictionary(layers.Layer):
    """[B, k] symbols -> the same without the pad of the dictionary that they resemble most.

    Parameters
    ----------
    pads : int
        Entries of the dictionary; `dictionary` [pads, k] holds them, of unit mean square, and is set from outside.
    """

    def __init__(self, pads, **kwargs):
        super().__init__(**kwargs)
        self.pads = pads

    def build(self, input_shape):
        self.dictionary = self.add_weight((self.pads, input_shape[-1]), name="dictionary", trainable=False)

    def call(self, symbols):
        share = ops.matmul(symbols, ops.transpose(self.dictionary)) / self.dictionary.shape[-1]
        nearest = ops.argmax(share, axis=-1)
        weight = ops.take_along_axis(share, nearest[:, None], axis=-1)
        return symbols - weight * ops.take(self.dictionary, nearest, axis=0)


@serializable
class PadDictionaryClassifier(keras.Model):
    """A classifier of symbols with, and without, the nearest of a dictionary of pads: it guesses a keystream.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes, pads : int
    hidden : tuple of int
        Widths of the hidden layers.

    Input
    -----
    [received, time]
        received : [B, *feature_shape], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import PadDictionaryClassifier
    >>> classifier = PadDictionaryClassifier((2, 2, 1), classes=10, pads=2)
    >>> pads = np.array([[1, 1, 1, 1], [1, -1, 1, -1]], "float32")
    >>> _ = classifier.removal.dictionary.assign(pads)
    >>> classifier.removal(3 * pads + np.array([1, 1, -1, -1], "float32")).numpy().tolist()  # what no pad resembles
    [[1.0, 1.0, -1.0, -1.0], [1.0, 1.0, -1.0, -1.0]]
    """

    def __init__(self, feature_shape, classes, pads=64, hidden=(512, 256), name="pad_dictionary", **kwargs):
        received = keras.Input(feature_shape, name="received")
        time = keras.Input((1,), name="time")
        symbols = layers.Flatten(name="flat")(received)
        removal = PadDictionary(pads, name="removal")
        x = layers.Concatenate(name="inputs")([symbols, removal(symbols), time])
        for place, width in enumerate(hidden, 1):
            x = layers.Dense(width, activation="gelu", name=f"dense{place}")(x)
        super().__init__(inputs=[received, time], outputs=layers.Dense(classes, name="logits")(x), name=name, **kwargs)
        self.removal = removal
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.pads = pads
        self.hidden = tuple(hidden)


@serializable
class DenoisingAttack(keras.Model):
    """A denoiser in front of another network of the eavesdropper, which reads y and z^ side by side.

    Parameters
    ----------
    denoiser : UNet
        Without a context; its estimate from one call is used.
    network : keras.Model
        [[y, z^] side by side, time] -> image, or [y, z^, time] -> logits.
    schedule : NoiseSchedule, optional

    Input
    -----
    [received, time]
        received : [B, height, width, channels], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Examples
    --------
    >>> from diffsem.models import DenoisingAttack, InversionConv, UNet
    >>> denoiser, decoder = UNet((4, 4, 1), channels=8), InversionConv((4, 4, 2), (16, 16, 1), channels=8)
    >>> attack = DenoisingAttack(denoiser, decoder)
    >>> attack.estimate.output_shape, attack.output_shape
    ((None, 4, 4, 1), (None, 16, 16, 1))
    """

    def __init__(self, denoiser, network, schedule=None, name="denoising_attack", **kwargs):
        schedule = schedule or NoiseSchedule()
        received = keras.Input(denoiser.feature_shape, name="received")
        time = keras.Input((1,), name="time")
        # Whatever the networks compute in: early steps divide by small numbers.
        clean = Denoise(denoiser, schedule, 1, name="denoise", dtype="float32")([received, time[:, 0] * schedule.steps])
        if len(network.inputs) == 3:
            output = network([received, clean, time])
        else:
            output = network([ops.concatenate([received, clean], axis=-1), time])
        super().__init__(inputs=[received, time], outputs=output, name=name, **kwargs)
        self.estimate = keras.Model([received, time], clean, name="estimate")
        self.denoiser = denoiser
        self.network = network
        self.schedule = schedule
