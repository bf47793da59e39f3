"""The denoiser: a small U-Net that predicts the noise in a received feature (Table III)."""

import keras
from keras import layers

from diffsem.models.serialization import serializable

SQRT_TWO = 2.0**0.5


def _convolution(x, channels, name):
    """Convolution, batch normalisation and GELU: the unit that all blocks are made of."""
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.Activation("gelu", name=f"{name}_gelu")(x)


def _block(x, channels, name):
    x = _convolution(x, channels, f"{name}_a")
    return _convolution(x, channels, f"{name}_b")


def _residual_block(x, channels, name):
    first = _convolution(x, channels, f"{name}_a")
    second = _convolution(first, channels, f"{name}_b")
    return layers.Rescaling(1 / SQRT_TWO, name=f"{name}_scale")(layers.Add(name=f"{name}_sum")([first, second]))


def _up(x, channels, name):
    x = layers.Conv2DTranspose(channels, 2, strides=2, name=f"{name}_transposed")(x)
    x = _block(x, channels, f"{name}_1")
    return _block(x, channels, f"{name}_2")


def _embedding(x, channels, name):
    x = layers.Dense(channels, activation="gelu", name=f"{name}_1")(x)
    x = layers.Dense(channels, name=f"{name}_2")(x)
    return layers.Reshape((1, 1, channels), name=f"{name}_map")(x)


@serializable
class UNet(keras.Model):
    """Noise predictor eps(z_t, t) or, with a context, eps(z_t, t, c) (Table III, eq. 14).

    The layout is that of the ContextUnet: a residual block, two stages down, a vector, two stages up with
    skip connections. With a context the vector is features, time and context side by side (768 numbers at
    the paper's sizes); without, the context's branch is gone and the bottleneck is as narrow as the rest
    (the paper's footnote 5).

    Parameters
    ----------
    feature_shape : tuple of three int
        Height, width and channels of a feature; height and width are divisible by 4.
    channels : int
        Channels of the outer stages; the bottleneck has twice as many if there is a context.
    context : int
        Length of the soft label that conditions the network; 0 for none.

    Input
    -----
    [z_t, time] or [z_t, time, context]
        z_t : [B, height, width, channels], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.
        context : [B, context], float; class probabilities, or zeros for "no label".

    Output
    ------
    [B, height, width, channels], float32
        The predicted standard Gaussian noise.

    Raises
    ------
    ValueError
        If height or width is not divisible by 4.

    Examples
    --------
    >>> from diffsem.models import UNet
    >>> unet = UNet((8, 8, 1), channels=8, context=10)
    >>> [each.shape for each in unet.inputs], unet.output_shape
    ([(None, 8, 8, 1), (None, 1), (None, 10)], (None, 8, 8, 1))
    >>> UNet((6, 6, 1))
    Traceback (most recent call last):
        ...
    ValueError: feature_shape (6, 6, 1): height and width must be divisible by 4
    """

    def __init__(self, feature_shape=(8, 8, 1), channels=128, context=0, name="unet", **kwargs):
        height, width, depth = feature_shape
        if height % 4 or width % 4:
            raise ValueError(f"feature_shape {tuple(feature_shape)}: height and width must be divisible by 4")
        wide = 2 * channels if context else channels

        noisy = keras.Input(feature_shape, name="noisy_feature")
        time = keras.Input((1,), name="time")
        inputs = [noisy, time]

        first = _residual_block(noisy, channels, "encode")
        down1 = layers.MaxPooling2D(name="down1_pool")(_block(first, channels, "down1"))
        down2 = layers.MaxPooling2D(name="down2_pool")(_block(down1, wide, "down2"))
        pooled = layers.AveragePooling2D((height // 4, width // 4), name="vector_pool")(down2)
        vector = [layers.Activation("gelu", name="vector_gelu")(pooled)]

        time_wide = _embedding(time, wide, "time_wide")
        time_narrow = _embedding(time, channels, "time_narrow")
        vector.append(time_wide)
        if context:
            label = keras.Input((context,), name="context")
            inputs.append(label)
            label_wide = _embedding(label, wide, "context_wide")
            label_narrow = _embedding(label, channels, "context_narrow")
            vector.append(label_wide)

        up0 = layers.Concatenate(name="vector")(vector)
        up0 = layers.Conv2DTranspose(wide, (height // 4, width // 4), name="up0_transposed")(up0)
        up0 = layers.Activation("relu", name="up0_relu")(layers.GroupNormalization(8, name="up0_norm")(up0))
        if context:
            up0 = layers.Multiply(name="up0_context")([up0, label_wide])
        up0 = layers.Add(name="up0_time")([up0, time_wide])
        up1 = _up(layers.Concatenate(name="skip2")([up0, down2]), channels, "up1")
        if context:
            up1 = layers.Multiply(name="up1_context")([up1, label_narrow])
        up1 = layers.Add(name="up1_time")([up1, time_narrow])
        up2 = _up(layers.Concatenate(name="skip1")([up1, down1]), channels, "up2")
        out = layers.Concatenate(name="skip0")([up2, first])
        out = layers.Conv2D(channels, 3, padding="same", name="out_conv")(out)
        out = layers.Activation("relu", name="out_relu")(layers.GroupNormalization(8, name="out_norm")(out))
        out = layers.Conv2D(depth, 3, padding="same", dtype="float32", name="noise")(out)

        super().__init__(inputs=inputs, outputs=out, name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.channels = channels
        self.context = context
