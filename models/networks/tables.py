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

    Examples
    --------
    >>> from diffsem.models import build_encoder
    >>> grey, coloured = build_encoder((28, 28, 1), (8, 8, 1)), build_encoder((32, 32, 3), (8, 8, 3))
    >>> grey.name, coloured.name, coloured.output_shape
    ('encoder', 'residual_encoder', (None, 8, 8, 3))
    """
    return mnist.Encoder(feature_shape) if _dense(image_shape) else ResidualEncoder(image_shape, feature_shape)


def build_classifier(image_shape, feature_shape, classes: int) -> keras.Model:
    """C: [y, z^ [B, *feature_shape], t / T [B, 1]] -> logits [B, classes].

    Examples
    --------
    >>> from diffsem.models import build_classifier
    >>> classifier = build_classifier((28, 28, 1), (8, 8, 1), classes=10)
    >>> classifier.name, classifier.count_params()  # Table I: 129 numbers in, as many hidden ones
    ('classifier', 18070)
    """
    if _dense(image_shape):
        return mnist.Classifier(feature_shape, classes)
    return ResidualClassifier(feature_shape, classes)


def build_strong_classifier(image_shape, classes: int) -> keras.Model:
    """Q: image [B, *image_shape] -> logits [B, classes].

    Examples
    --------
    >>> from diffsem.models import build_strong_classifier
    >>> judge = build_strong_classifier((28, 28, 1), classes=10)
    >>> judge.name, judge.input_shape, judge.output_shape
    ('strong_classifier', (None, 28, 28, 1), (None, 10))
    """
    return mnist.StrongClassifier(classes) if _dense(image_shape) else ResidualStrongClassifier(image_shape, classes)
