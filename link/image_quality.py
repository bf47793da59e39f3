"""How close a reconstruction comes to the image, in pixels."""

import tensorflow as tf


def psnr_db(images, reconstructions) -> tf.Tensor:
    """[B] peak signal-to-noise ratio in dB (eq. 7) of images [B, height, width, channels] in [0, 1]."""
    return tf.image.psnr(images, reconstructions, max_val=1.0)


def ssim(images, reconstructions) -> tf.Tensor:
    """[B] structural similarity (eq. 8) of images [B, height, width, channels] in [0, 1]: 11 x 11 Gaussian window."""
    return tf.image.ssim(images, reconstructions, max_val=1.0)
