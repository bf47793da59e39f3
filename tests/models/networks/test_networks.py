import keras
import numpy as np
import pytest

from diffsem.models import (
    DenoisingAttack,
    InversionConv,
    InversionResidual,
    LooksClassifier,
    NoiseSchedule,
    PadDictionaryClassifier,
    Picture,
    PictureClassifier,
    PictureEncoder,
    ReferenceClassifier,
    ReferenceEncoder,
    ResidualClassifier,
    ResidualEncoder,
    ResidualStrongClassifier,
    ResidualSymbolClassifier,
    SymbolClassifier,
    UNet,
    mnist,
)

IMAGE = (5, 28, 28, 1)
FEATURE = (5, 8, 8, 1)
COLOUR = (5, 16, 16, 3)

NETWORKS = {
    "encoder": (lambda: mnist.Encoder(), [IMAGE], FEATURE),
    "classifier": (lambda: mnist.Classifier(), [FEATURE, FEATURE, (5, 1)], (5, 10)),
    "strong": (lambda: mnist.StrongClassifier(), [IMAGE], (5, 10)),
    "inversion": (lambda: mnist.InversionMLP(), [FEATURE, (5, 1)], IMAGE),
    "linear encoder": (lambda: mnist.LinearEncoder(), [IMAGE], FEATURE),
    "inversion-conv": (lambda: InversionConv(FEATURE[1:], IMAGE[1:], 8), [FEATURE, (5, 1)], IMAGE),
    "symbol classifier": (lambda: SymbolClassifier(FEATURE[1:], 10, (16,)), [FEATURE, (5, 1)], (5, 10)),
    "wide symbol classifier": (
        lambda: SymbolClassifier(FEATURE[1:], 10, (16, 16), batch_normalised=True),
        [FEATURE, (5, 1)],
        (5, 10),
    ),
    "linear probe": (lambda: SymbolClassifier(FEATURE[1:], 10, ()), [FEATURE, (5, 1)], (5, 10)),
    "sorted magnitudes": (
        lambda: SymbolClassifier(FEATURE[1:], 10, (16,), sorted_magnitudes=True),
        [FEATURE, (5, 1)],
        (5, 10),
    ),
    "looks": (lambda: LooksClassifier(FEATURE[1:], 10, (16,)), [(5, 3, *FEATURE[1:]), (5, 1)], (5, 10)),
    "pad dictionary": (lambda: PadDictionaryClassifier(FEATURE[1:], 10, 4, (16,)), [FEATURE, (5, 1)], (5, 10)),
    "reference encoder": (lambda: ReferenceEncoder(IMAGE[1:], FEATURE[1:], (4, 4, 4), 16), [IMAGE], FEATURE),
    "reference encoder of colours": (
        # Under 16 channels oneDNN's strided convolution of one pixel crashes TensorFlow 2.21 when it is trained.
        lambda: ReferenceEncoder((16, 16, 3), (4, 4, 2), (16, 16), 16),
        [COLOUR],
        (5, 4, 4, 2),
    ),
    "reference classifier": (
        lambda: ReferenceClassifier(FEATURE[1:], 10, (16,)),
        [FEATURE, FEATURE, (5, 1)],
        (5, 10),
    ),
    "denoise-invert": (
        lambda: DenoisingAttack(UNet(channels=8), InversionConv((8, 8, 2), IMAGE[1:], 8)),
        [FEATURE, (5, 1)],
        IMAGE,
    ),
    "schedule-aware": (
        lambda: DenoisingAttack(UNet(channels=8), mnist.Classifier(), NoiseSchedule(80, 0.001, 0.1)),
        [FEATURE, (5, 1)],
        (5, 10),
    ),
    "picture classifier": (
        lambda: PictureClassifier(Picture(IMAGE[1:], rms=0.329), mnist.StrongClassifier()),
        [IMAGE, IMAGE, (5, 1)],
        (5, 10),
    ),
    "encoder II": (lambda: ResidualEncoder((16, 16, 3), (4, 4, 2)), [COLOUR], (5, 4, 4, 2)),
    "classifier II": (
        lambda: ResidualClassifier((4, 4, 2), 7),
        [(5, 4, 4, 2), (5, 4, 4, 2), (5, 1)],
        (5, 7),
    ),
    "strong II": (lambda: ResidualStrongClassifier((16, 16, 3), 7), [COLOUR], (5, 7)),
    "residual-classifier": (
        lambda: ResidualSymbolClassifier((4, 4, 2), 7, channels=8),
        [(5, 4, 4, 2), (5, 1)],
        (5, 7),
    ),
    "inversion-residual": (lambda: InversionResidual((4, 4, 2), (16, 16, 3)), [(5, 4, 4, 2), (5, 1)], COLOUR),
    "inversion-mlp of colours": (
        lambda: mnist.InversionMLP((4, 4, 2), (16, 16, 3)),
        [(5, 4, 4, 2), (5, 1)],
        COLOUR,
    ),
    "schedule-aware II": (
        lambda: DenoisingAttack(UNet((4, 4, 2), channels=8), ResidualClassifier((4, 4, 2), 7)),
        [(5, 4, 4, 2), (5, 1)],
        (5, 7),
    ),
    "unet": (lambda: UNet(channels=16), [FEATURE, (5, 1)], FEATURE),
    "unet-context": (lambda: UNet(channels=16, context=10), [FEATURE, (5, 1), (5, 10)], FEATURE),
}


def draw(rng, shapes):
    inputs = [rng.random(shape, np.float32) for shape in shapes]
    return inputs if len(inputs) > 1 else inputs[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_network_builds_trains_saves_and_loads(name, rng, tmp_path):
    build, shapes, output_shape = NETWORKS[name]
    network = build()
    inputs = draw(rng, shapes)
    before = np.asarray(network(inputs, training=False))
    assert before.shape == output_shape
    network.compile("adam", "mse", run_eagerly=True)  # tracing a U-Net for one step takes longer than the step
    network.fit(inputs, np.ones_like(before), epochs=1, verbose=0)
    trained = np.asarray(network(inputs, training=False))
    assert np.abs(trained - before).max() > 1e-6

    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(np.asarray(loaded(inputs, training=False)), trained, atol=1e-6)
    assert loaded.get_config() == network.get_config()

    network.save_weights(tmp_path / "network.weights.h5")
    other = build()
    other.load_weights(tmp_path / "network.weights.h5")
    np.testing.assert_allclose(np.asarray(other(inputs, training=False)), trained, atol=1e-6)


@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        (PictureEncoder(IMAGE[1:], True), [IMAGE]),
        (Picture(IMAGE[1:], True, rms=0.5, schedule=NoiseSchedule(60, kind="cosine")), [IMAGE, (5, 1)]),
    ],
)
def test_networks_without_weights_save_and_load(network, shapes, rng, tmp_path):
    inputs = draw(rng, shapes)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(loaded(inputs), network(inputs), atol=1e-6)
    assert network.count_params() == 0


def test_a_linear_encoders_feature_has_unit_power_for_every_image(rng):
    images = rng.random((16, 28, 28, 1), np.float32) * np.linspace(0.1, 1, 16, dtype=np.float32).reshape(-1, 1, 1, 1)
    feature = np.asarray(mnist.LinearEncoder()(images))
    np.testing.assert_allclose((feature**2).mean(axis=(1, 2, 3)), 1, rtol=1e-4)


def test_feature_has_zero_mean_and_unit_power_for_every_image(rng):
    images = rng.random((16, 28, 28, 1), np.float32)
    images[0] *= 0.05
    feature = np.asarray(mnist.Encoder()(images))
    np.testing.assert_allclose(feature.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose((feature**2).mean(axis=(1, 2, 3)), 1, atol=1e-2)


def test_a_colour_feature_has_zero_mean_and_unit_power_for_every_image(rng):
    images = rng.random((16, 32, 32, 3), np.float32)
    images[0] *= 0.05
    feature = np.asarray(ResidualEncoder()(images))
    np.testing.assert_allclose(feature.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose((feature**2).mean(axis=(1, 2, 3)), 1, atol=1e-2)


def sizes(network):
    return {layer.name: layer.output.shape[1:] for layer in network.layers}


def test_layers_have_the_sizes_of_table_2():
    encoder = sizes(ResidualEncoder())
    assert (encoder["leaky1"], encoder["leaky2"]) == ((32, 32, 16), (16, 16, 32))
    assert (encoder["residual_act2"], encoder["power"]) == ((16, 16, 32), (8, 8, 3))
    classifier = sizes(ResidualClassifier())
    assert (classifier["inputs"], classifier["conv1"]) == ((8, 8, 7), (8, 8, 64))
    assert (classifier["conv2"], classifier["residual_act2"]) == ((4, 4, 512), (4, 4, 512))
    assert (classifier["average"], classifier["logits"]) == ((512,), (10,))
    strong = sizes(ResidualStrongClassifier())
    assert (strong["conv1"], strong["conv2"], strong["residual_act2"]) == ((32, 32, 64), (16, 16, 256), (8, 8, 512))
    assert (strong["average"], strong["dense1"], strong["logits"]) == ((4, 4, 512), (256,), (10,))
    adversary = sizes(InversionResidual())
    assert (adversary["conv1"], adversary["residual1_act2"]) == ((8, 8, 512), (16, 16, 256))
    assert (adversary["residual2_act2"], adversary["image"]) == ((32, 32, 128), (32, 32, 3))


def test_layers_have_the_sizes_of_table_1():
    encoder = sizes(mnist.Encoder())
    assert (encoder["leaky1"], encoder["leaky2"], encoder["power"]) == ((14, 14, 16), (8, 8, 32), (8, 8, 1))
    classifier = sizes(mnist.Classifier())
    assert (classifier["inputs"], classifier["dense1"], classifier["logits"]) == ((129,), (129,), (10,))
    strong = sizes(mnist.StrongClassifier())
    assert (strong["dense1"], strong["dense2"], strong["logits"]) == ((784,), (128,), (10,))
    adversary = sizes(mnist.InversionMLP())
    assert (adversary["dense1"], adversary["image"]) == ((784,), (28, 28, 1))


@pytest.mark.parametrize(("context", "wide", "vector"), [(10, 256, 768), (0, 128, 256)])
def test_unet_has_the_sizes_of_table_3(context, wide, vector):
    shapes = {layer.name: layer.output.shape[1:] for layer in UNet(context=context).layers}
    assert shapes["encode_scale"] == (8, 8, 128)
    assert shapes["down1_pool"] == (4, 4, 128)
    assert shapes["down2_pool"] == (2, 2, wide)
    assert shapes["vector"] == (1, 1, vector)
    assert shapes["up0_relu"] == (2, 2, wide)
    assert shapes["up1_2_b_gelu"] == (4, 4, 128)
    assert shapes["up2_2_b_gelu"] == (8, 8, 128)
    assert shapes["noise"] == (8, 8, 1)


def test_unet_refuses_a_feature_that_two_stages_cannot_halve():
    with pytest.raises(ValueError, match="divisible by 4"):
        UNet(feature_shape=(6, 8, 1))


def test_sorted_magnitudes_do_not_hang_on_order_or_signs(rng):
    network = SymbolClassifier(FEATURE[1:], 10, (16,), sorted_magnitudes=True)
    received, time = rng.standard_normal((3, 8, 8, 1)).astype(np.float32), np.full((3, 1), 0.4, np.float32)
    order = rng.permutation(64)
    scrambled = (received.reshape(3, 64)[:, order] * rng.choice([-1, 1], 64)).reshape(received.shape)
    np.testing.assert_allclose(network([scrambled.astype(np.float32), time]), network([received, time]), atol=1e-5)


def test_a_dictionary_takes_away_the_pad_that_is_in_what_is_heard(rng):
    network = PadDictionaryClassifier(FEATURE[1:], 10, pads=5)
    pads = rng.standard_normal((5, 64)).astype(np.float32)
    pads /= np.sqrt((pads**2).mean(axis=1, keepdims=True))
    network.removal.set_weights([pads])
    feature = 0.2 * rng.standard_normal((40, 64)).astype(np.float32)
    which = rng.integers(0, 5, 40)
    left = np.asarray(network.removal(feature + 0.9 * pads[which]))
    along = (feature * pads[which]).mean(axis=1, keepdims=True) * pads[which]
    np.testing.assert_allclose(left, feature - along, atol=1e-5)
