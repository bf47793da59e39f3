"""The paper's networks for given sizes: those of Table I for MNIST's, those of Table II for any other."""

import keras

from diffsem.models.networks import mnist
from diffsem.models.networks.residual import ResidualClassifier, ResidualEncoder, ResidualStrongClassifier


def _dense(image_shape) -> bool:
    """Whether the networks are those of Table I."""
    return tuple(image_shape) == mnist.IMAGE_SHAPE


def build_encoder(image_shape, feature_shape) -> keras.Model:
    """E: image [B, *image_shape] -> feature [B, *feature_shape] of unit mean square.

    Raises ValueError if a feature has another height and width than those of `diffsem.models.feature_shape`.
    """
    return mnist.Encoder(feature_shape) if _dense(image_shape) else ResidualEncoder(image_shape, feature_shape)


def build_classifier(image_shape, feature_shape, classes: int) -> keras.Model:
    """C: [y, z^ [B, *feature_shape], t / T [B, 1]] -> logits [B, classes]."""
    if _dense(image_shape):
        return mnist.Classifier(feature_shape, classes)
    return ResidualClassifier(feature_shape, classes)


def build_strong_classifier(image_shape, classes: int) -> keras.Model:
    """Q: image [B, *image_shape] -> logits [B, classes]."""
    return mnist.StrongClassifier(classes) if _dense(image_shape) else ResidualStrongClassifier(image_shape, classes)
