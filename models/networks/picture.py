"""The baselines Direct and Permutation: the image itself is the feature, one pixel a real symbol."""

import keras
from keras import ops

from diffsem.models.diffusion.schedule import NoiseSchedule
from diffsem.models.serialization import serializable


def swap_quarters(image):
    """[B, height, width, channels] with the upper left and the lower right quarter swapped; its own inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import swap_quarters
    >>> swap_quarters(np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)).numpy().reshape(2, 2).tolist()
    [[4, 2], [3, 1]]
    """
    height, width = image.shape[1] // 2, image.shape[2] // 2
    upper = ops.concatenate([image[:, height:, width:], image[:, :height, width:]], axis=2)
    lower = ops.concatenate([image[:, height:, :width], image[:, :height, :width]], axis=2)
    return ops.concatenate([upper, lower], axis=1)


@serializable
class PictureEncoder(keras.Model):
    """Direct: the pixels, scaled to unit power. Permutation: with two quarters swapped. Nothing to learn.

    Parameters
    ----------
    image_shape : tuple of three int
        Even height and width.
    permuted : bool
        Whether the upper left and lower right quarters are swapped.

    Input
    -----
    image : [B, height, width, channels], float in [0, 1]

    Output
    ------
    feature : [B, height, width, channels], float; unit mean square.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import PictureEncoder
    >>> image = np.array([[0.0, 0.2], [0.2, 0.2]]).reshape(1, 2, 2, 1)
    >>> feature = PictureEncoder((2, 2, 1), permuted=True)(image).numpy()
    >>> round(float((feature**2).mean()), 3), int(feature.argmin())  # the black pixel has moved
    (1.0, 3)
    """

    def __init__(self, image_shape, permuted=False, name="picture_encoder", **kwargs):
        image = keras.Input(image_shape, name="image")
        pixels = swap_quarters(image) if permuted else image
        power = ops.mean(ops.square(pixels), axis=(1, 2, 3), keepdims=True)
        super().__init__(inputs=image, outputs=pixels / ops.sqrt(power + 1e-9), name=name, **kwargs)
        self.image_shape = tuple(image_shape)
        self.permuted = permuted


@serializable
class Picture(keras.Model):
    """What is seen in the symbols of a `PictureEncoder`: a noisy image of eq. 11, at the step that its pixels stand at.

    The pixels have a power of `rms` squared and not of 1, so that they stand at a later step than the symbols.

    Parameters
    ----------
    image_shape : tuple of three int
    permuted : bool
        Whether to swap the quarters back.
    rms : float
        Root mean square of an image's pixels, taken to be that of all images.
    schedule : NoiseSchedule, optional

    Input
    -----
    [received, time]
        received : [B, height, width, channels], float; unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    image : [B, height, width, channels], float; in [0, 1] but for noise.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import Picture
    >>> symbols, time = np.ones((1, 2, 2, 1)), np.zeros((1, 1))
    >>> image = Picture((2, 2, 1), rms=0.5)([symbols, time])
    >>> round(float(image[0, 0, 0, 0]), 3)
    0.5
    """

    def __init__(self, image_shape, permuted=False, *, rms, schedule=None, name="picture", **kwargs):
        schedule = schedule or NoiseSchedule()
        received = keras.Input(image_shape, name="received")
        time = keras.Input((1,), name="time")
        noise_to_signal = ops.exp(schedule.log_noise_to_signal_at(time * schedule.steps))
        scale = rms * ops.sqrt((1 + noise_to_signal) / (1 + rms**2 * noise_to_signal))
        noisy = ops.reshape(scale, (-1, 1, 1, 1)) * received
        super().__init__(
            inputs=[received, time], outputs=swap_quarters(noisy) if permuted else noisy, name=name, **kwargs
        )
        self.image_shape = tuple(image_shape)
        self.permuted = permuted
        self.rms = rms
        self.schedule = schedule


@serializable
class PictureClassifier(keras.Model):
    """Receiver of Direct and Permutation: the strong classifier on the picture; reads (y, z^, t) as all do, not z^.

    Parameters
    ----------
    picture : Picture
    judge : keras.Model
        image -> logits.

    Input
    -----
    [received, denoised, time]
        As for `diffsem.models.mnist.Classifier`, for the picture's shape.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from diffsem.models import Picture, PictureClassifier
    >>> judge = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])  # takes pixels for logits
    >>> symbols, time = np.ones((1, 2, 2, 1)), np.zeros((1, 1))
    >>> logits = PictureClassifier(Picture((2, 2, 1), rms=0.5), judge)([symbols, 7 * symbols, time])
    >>> logits.numpy().round(3).tolist()
    [[0.5, 0.5, 0.5, 0.5]]
    """

    def __init__(self, picture, judge, name="picture_classifier", **kwargs):
        received = keras.Input(picture.image_shape, name="received")
        denoised = keras.Input(picture.image_shape, name="denoised")
        time = keras.Input((1,), name="time")
        logits = judge(picture([received, time]))
        super().__init__(inputs=[received, denoised, time], outputs=logits, name=name, **kwargs)
        self.picture = picture
        self.judge = judge
