"""A pair at the ceiling: an encoder that does the task itself and sends its answer, and a classifier for it."""

import math

import keras
from keras import layers

from diffsem.models.networks.residual import MOMENTUM, residual_block
from diffsem.models.serialization import serializable

FILTERS = (32, 64, 64)
COLOUR_FILTERS = (32, 64, 128, 256)


@serializable
class ReferenceEncoder(keras.Model):
    """image -> as many symbols as the paper's encoder, by convolutions, one dense layer and batch normalisation.

    Trained through noise it classifies the image and sends a codeword for the label, near a simplex code. The closing
    layer norm has neither scale nor offset, so that the power is exact.

    Parameters
    ----------
    image_shape, feature_shape : tuple of three int
    filters : sequence of int, optional
        Of a grey image: of the convolutions, the first at a half of its size, the others at a quarter; default: 32, 64,
        64. Of a coloured one: of a convolution at its full size and of residual blocks, each of which halves it;
        default: 32, 64, 128, 256.
    width : int
        Of the dense layer.

    Input
    -----
    image : [B, *image_shape], float in [0, 1]

    Output
    ------
    feature : [B, *feature_shape], float; mean 0 and mean square 1 for every sample.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import ReferenceEncoder
    >>> encoder = ReferenceEncoder((28, 28, 1), (8, 8, 1), filters=(4, 4), width=16)
    >>> feature = encoder(np.random.default_rng(1).random((2, 28, 28, 1))).numpy()
    >>> feature.shape, (feature**2).mean(axis=(1, 2, 3)).round(3).tolist()
    ((2, 8, 8, 1), [1.0, 1.0])
    """

    def __init__(self, image_shape, feature_shape, filters=None, width=256, name="reference_encoder", **kwargs):
        coloured = image_shape[-1] > 1
        filters = tuple(filters or (COLOUR_FILTERS if coloured else FILTERS))
        image = keras.Input(image_shape, name="image")
        x = image
        for place, count in enumerate(filters, 1):
            if coloured and place > 1:
                x = residual_block(x, count, f"residual{place}", strides=2)
                continue
            strides = 1 if coloured or place > 2 else 2
            x = layers.Conv2D(count, 3, strides=strides, padding="same", use_bias=False, name=f"conv{place}")(x)
            # Statistics that follow young weights closely: an epoch has few batches.
            x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{place}")(x)
            x = layers.ReLU(name=f"relu{place}")(x)
        x = layers.GlobalAveragePooling2D(name="average")(x) if coloured else layers.Flatten(name="flat")(x)
        x = layers.Dense(width, activation="relu", name="dense")(x)
        x = layers.Dense(math.prod(feature_shape), name="codeword")(x)
        x = layers.LayerNormalization(center=False, scale=False, epsilon=1e-9, name="power")(x)
        super().__init__(inputs=image, outputs=layers.Reshape(feature_shape, name="feature")(x), name=name, **kwargs)
        self.image_shape = tuple(image_shape)
        self.feature_shape = tuple(feature_shape)
        self.filters = filters
        self.width = width


@serializable
class ReferenceClassifier(keras.Model):
    """(y, z^, t) -> logits by two dense layers.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int
    hidden : sequence of int
        Widths of the hidden layers.

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
    >>> from diffsem.models import ReferenceClassifier
    >>> classifier = ReferenceClassifier((8, 8, 1), classes=10, hidden=(16,))
    >>> classifier.output_shape, classifier.count_params()  # (2 x 64 + 1 + 1) x 16 + (16 + 1) x 10
    ((None, 10), 2250)
    """

    def __init__(self, feature_shape, classes, hidden=(256, 128), name="reference_classifier", **kwargs):
        received = keras.Input(feature_shape, name="received")
        denoised = keras.Input(feature_shape, name="denoised")
        time = keras.Input((1,), name="time")
        x = layers.Concatenate(name="inputs")(
            [layers.Flatten(name="flat1")(received), layers.Flatten(name="flat2")(denoised), time]
        )
        for place, width in enumerate(hidden, 1):
            x = layers.Dense(width, activation="gelu", name=f"dense{place}")(x)
        logits = layers.Dense(classes, name="logits")(x)
        super().__init__(inputs=[received, denoised, time], outputs=logits, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.hidden = tuple(hidden)
