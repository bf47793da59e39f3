"""How close a reconstruction comes to the image, in pixels."""

import tensorflow as tf


def psnr_db(images, reconstructions) -> tf.Tensor:
    """[B] peak signal-to-noise ratio in dB (eq. 7) of images [B, height, width, channels] in [0, 1].

    Examples
    --------
    An error of a tenth in every pixel.

    >>> import tensorflow as tf
    >>> from diffsem.link import psnr_db
    >>> psnr_db(tf.zeros([1, 16, 16, 1]), tf.fill([1, 16, 16, 1], 0.1)).numpy().round(3).tolist()
    [20.0]
    """
    return tf.image.psnr(images, reconstructions, max_val=1.0)


def ssim(images, reconstructions) -> tf.Tensor:
    """[B] structural similarity (eq. 8) of images [B, height, width, channels] in [0, 1]: 11 x 11 Gaussian window.

    Examples
    --------
    An image is like itself, and black is not like white.

    >>> import tensorflow as tf
    >>> from diffsem.link import ssim
    >>> black, white = tf.zeros([1, 16, 16, 1]), tf.ones([1, 16, 16, 1])
    >>> [round(float(ssim(black, other)[0]), 3) for other in (black, white)]
    [1.0, 0.0]
    """
    return tf.image.ssim(images, reconstructions, max_val=1.0)
