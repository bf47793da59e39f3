"""Every network for features of other sizes than the paper's."""

import keras
import numpy as np
import pytest

from diffsem.models import (
    DenoisingAttack,
    InversionConv,
    InversionResidual,
    NoiseSchedule,
    PadDictionaryClassifier,
    ReferenceClassifier,
    ReferenceEncoder,
    ResidualEncoder,
    ResidualSymbolClassifier,
    SelfNoise,
    SymbolClassifier,
    UNet,
    build_classifier,
    build_encoder,
    build_strong_classifier,
    feature_shape,
    mnist,
)

MNIST, COLOUR, LARGE = (28, 28, 1), (32, 32, 3), (64, 64, 3)
SIZES = [(MNIST, 16), (MNIST, 48), (MNIST, 256), (COLOUR, 16), (COLOUR, 320), (LARGE, 192), (LARGE, 512)]


def encoders(image_shape, shape):
    yield build_encoder(image_shape, shape)
    yield ReferenceEncoder(image_shape, shape)
    if image_shape == MNIST:
        yield mnist.LinearEncoder(shape)


@pytest.mark.parametrize(("image_shape", "symbols"), SIZES)
def test_features_of_any_size_have_unit_power_for_every_image(image_shape, symbols, rng):
    shape = feature_shape(image_shape, symbols)
    images = rng.random((6, *image_shape), np.float32)
    images[0] *= 0.05
    for encoder in encoders(image_shape, shape):
        feature = np.asarray(encoder(images))
        assert feature.shape == (6, *shape)
        np.testing.assert_allclose((feature**2).mean(axis=(1, 2, 3)), 1, atol=1e-2)
        copy = type(encoder).from_config(encoder.get_config())
        copy.set_weights(encoder.get_weights())
        np.testing.assert_allclose(copy(images), feature, atol=1e-5)


@pytest.mark.parametrize(("image_shape", "symbols"), SIZES)
@pytest.mark.parametrize("reference", [False, True])
def test_a_pair_of_any_size_learns_saves_and_loads(image_shape, symbols, reference, rng, tmp_path):
    shape = feature_shape(image_shape, symbols)

    def build():
        image, time = keras.Input(image_shape), keras.Input((1,))
        encoder = ReferenceEncoder(image_shape, shape) if reference else build_encoder(image_shape, shape)
        classifier = ReferenceClassifier(shape, 7) if reference else build_classifier(image_shape, shape, 7)
        feature = encoder(image)
        return keras.Model([image, time], classifier([feature, feature, time]))

    check_learning(build, [rng.random((4, *image_shape), np.float32), rng.random((4, 1), np.float32)], tmp_path)


@pytest.mark.parametrize("context", [0, 10])
@pytest.mark.parametrize("shape", [(4, 4, 1), (4, 4, 3), (8, 8, 4), (16, 16, 2), (8, 12, 2)])
def test_a_denoiser_of_any_size_learns_saves_and_loads(shape, context, rng, tmp_path):
    inputs = [rng.random((3, *size), np.float32) for size in (shape, (1,), (10,))]
    check_learning(lambda: UNet(shape, 8, context), inputs if context else inputs[:2], tmp_path)


def decoders(image_shape, shape):
    height, width, channels = shape
    beside = InversionConv((height, width, 2 * channels), image_shape, 8)
    yield InversionConv(shape, image_shape, 8)
    yield mnist.InversionMLP(shape, image_shape)
    yield DenoisingAttack(UNet(shape, 8), beside)
    yield DenoisingAttack(UNet(shape, 8), build_classifier(image_shape, shape, 10))
    yield SymbolClassifier(shape, 10, (16,), sorted_magnitudes=True)
    yield PadDictionaryClassifier(shape, 10, 4, (16,))
    if image_shape != MNIST:
        yield InversionResidual(shape, image_shape)
        yield ResidualSymbolClassifier(shape, 10, channels=16)


@pytest.mark.parametrize(("image_shape", "symbols"), [(MNIST, 16), (MNIST, 256), (COLOUR, 48), (LARGE, 64)])
def test_an_eavesdropper_of_any_size_reads_images_or_labels(image_shape, symbols, rng):
    shape = feature_shape(image_shape, symbols)
    received, time = rng.standard_normal((3, *shape)).astype(np.float32), np.full((3, 1), 0.5, np.float32)
    for network in decoders(image_shape, shape):
        output = np.asarray(network([received, time]))
        assert output.shape in ((3, *image_shape), (3, 10))
        assert np.isfinite(output).all()
    feature = np.asarray(SelfNoise(NoiseSchedule())([received, np.full(3, 100), np.full(3, 9.0, np.float32)])[0])
    assert feature.shape == received.shape


def check_learning(build, inputs, folder):
    """One batch changes what the network gives; its weights bring that back."""
    network = build()
    before = np.asarray(network(inputs, training=False))
    network.compile("adam", "mse", run_eagerly=True)
    network.fit(inputs, np.ones_like(before), epochs=1, verbose=0)
    trained = np.asarray(network(inputs, training=False))
    assert np.abs(trained - before).max() > 1e-6
    network.save_weights(folder / "network.weights.h5")
    other = build()
    other.load_weights(folder / "network.weights.h5")
    np.testing.assert_allclose(np.asarray(other(inputs, training=False)), trained, atol=1e-6)


def test_grey_images_may_have_other_numbers_of_classes_than_ten(rng):
    images, feature = rng.random((2, *MNIST), np.float32), rng.random((2, 8, 8, 1), np.float32)
    assert build_strong_classifier(MNIST, 26)(images).shape == (2, 26)
    classifier = build_classifier(MNIST, (8, 8, 1), 26)
    assert classifier([feature, feature, np.zeros((2, 1), np.float32)]).shape == (2, 26)
    assert mnist.Classifier.from_config(classifier.get_config()).classes == 26


@pytest.mark.parametrize(
    "build",
    [
        lambda: mnist.Encoder((7, 7, 1)),
        lambda: mnist.Encoder((8, 4, 1)),
        lambda: ResidualEncoder(COLOUR, (16, 16, 3)),
        lambda: ResidualEncoder(COLOUR, (8, 4, 3)),
        lambda: InversionResidual((2, 2, 3), COLOUR),
        lambda: UNet((2, 2, 3)),
    ],
)
def test_features_that_a_network_cannot_have_are_refused(build):
    with pytest.raises(ValueError, match="feature_shape"):
        build()
