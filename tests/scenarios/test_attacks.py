import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.models import mnist
from diffsem.scenarios import AttackMethod, load_scenario
from diffsem.scenarios.assembly import attacks_on, build_attack, build_receiver, networks_for
from diffsem.scenarios.attacks import SUITE, Target, _reconstruct, listed_attacks, reconstruction_loss
from diffsem.scenarios.datasets import load_dataset, surrogate_images
from diffsem.scenarios.eavesdropping import Eavesdropping
from diffsem.scenarios.networks import PRETRAINED, target_of
from diffsem.scenarios.schema import ATTACKS, Surrogate
from diffsem.scenarios.sizes import sizes_of
from diffsem.scenarios.stages import required_stages
from diffsem.scenarios.workshop import Workshop

SYMBOLS, PICTURES = (target_of(name, load_scenario("mnist-awgn")) for name in ("clean-pair", "direct"))
COLOURS = target_of("clean-pair", load_scenario("cifar10-awgn"))
KEYED = target_of("keyed-self-noise-scramble", load_scenario("mnist-keyed-scramble"))
TARGETS = {"symbols": SYMBOLS, "pictures": PICTURES, "colours": COLOURS, "keyed": KEYED}


def scenario(attacks, *more):
    return load_scenario("mnist-quick", [f"eavesdropper.attacks={attacks}", *more])


def names(attacks, *more):
    return [attack.name for attack in listed_attacks(scenario(attacks, *more).eavesdropper)]


def test_the_schema_knows_the_suite():
    assert set(SUITE) == set(ATTACKS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_makes_what_it_says_of_what_it_hears(name, target, rng):
    method = SUITE[name]
    if not method.applies(target):
        # Only pictures can be looked at, Table II is for features a quarter as high as the image, and a key calls for
        # attacks of its own and lets no denoiser learn.
        where = {
            "as-heard": [PICTURES],
            "inversion-residual": [COLOURS],
            "residual-classifier": [COLOURS],
            "sorted-magnitudes": [KEYED],
            "pad-dictionary": [KEYED],
            "denoise-invert": [SYMBOLS, PICTURES, COLOURS],
            "schedule-aware": [SYMBOLS, PICTURES, COLOURS],
        }
        assert target not in where[name]
        return
    received = rng.standard_normal((4, *target.feature_shape)).astype(np.float32)
    made = method.build(target)([received, np.full((4, 1), 0.3, np.float32)])
    assert made.shape == (4, *(target.image_shape if method.output == "image" else (10,)))
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in ("linear-probe", "as-heard")])
def test_attacks_that_are_told_the_step_use_it(name, rng):
    target = COLOURS if "residual" in name else SYMBOLS
    network = SUITE[name].build(target)
    received = rng.standard_normal((4, *target.feature_shape)).astype(np.float32)
    early, late = (np.asarray(network([received, np.full((4, 1), time, np.float32)])) for time in (0.2, 0.9))
    assert np.abs(early - late).max() > 1e-4


def test_options_that_are_not_the_default_are_in_the_name():
    assert names("[inversion-mlp]") == ["inversion-mlp"]
    assert names("[{attack: inversion-mlp, knows_step: false}, inversion-mlp]") == [
        "inversion-mlp+blind",
        "inversion-mlp",
    ]
    assert names("[task-classifier]", "eavesdropper.surrogate={images: digits, share: 0.5}") == [
        "task-classifier+digits+0.5"
    ]
    # An attack's own key goes before the eavesdropper's.
    assert names("[{attack: linear-probe, knows_step: true}]", "eavesdropper.knows_step=false") == ["linear-probe"]


def test_two_attacks_of_one_name_are_refused():
    with pytest.raises(InputError, match="two attacks are named inversion-mlp"):
        names("[inversion-mlp, {attack: inversion-mlp, knows_step: true}]")


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("inversion-mpl", "did you mean inversion-mlp"),
        ("mind-reading", "module:NAME"),
        ("nowhere.at.all:ATTACK", "No module named"),
        ("math:pi", "is no diffsem.scenarios.AttackMethod"),
        ("math:tau_of_mine", "no attribute"),
    ],
)
def test_an_attack_that_is_not_there_ends_in_one_line(attack, words):
    with pytest.raises(InputError, match=words) as error:
        names(f"['{attack}']")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["inversion-mlp", "mine+better"])
def test_an_attack_from_outside_cannot_take_a_shipped_or_a_broken_name(name, monkeypatch):
    import math

    method = AttackMethod(name, "label", SUITE["linear-probe"].build, None)
    monkeypatch.setattr(math, "METHOD", method, raising=False)
    with pytest.raises(InputError, match="its name"):
        names("['math:METHOD']")


def test_pictures_can_be_looked_at_and_symbols_cannot():
    built = scenario("[as-heard, inversion-mlp]", "legitimate.receivers=[classifier, direct]")
    assert [attack.name for attack in attacks_on("direct", built)] == ["as-heard", "inversion-mlp"]
    assert [attack.name for attack in attacks_on("clean-pair", built)] == ["inversion-mlp"]
    assert "direct.as-heard" not in networks_for(built)


def test_an_attack_may_be_run_against_some_transmitters_only():
    built = scenario(
        "[inversion-mlp, {attack: linear-probe, transmitters: [ibal]}]", "legitimate.receivers=[classifier, ibal]"
    )
    assert [attack.name for attack in attacks_on("clean-pair", built)] == ["inversion-mlp"]
    assert [attack.name for attack in attacks_on("ibal", built)] == ["inversion-mlp", "linear-probe"]
    assert "clean-pair.linear-probe" not in networks_for(built)
    assert "clean-pair.linear-probe" not in [stage.name for stage in required_stages(built)]
    with pytest.raises(InputError, match="transmitters"):
        scenario("[{attack: linear-probe, transmitters: [one-step]}]")
    with pytest.raises(
        InputError, match="none of its transmitters ibal is there; allowed with these receivers: clean-pair"
    ):
        scenario("[{attack: linear-probe, transmitters: [ibal]}]", "legitimate.receivers=[classifier]")


def test_what_an_attack_starts_from_is_trained_first_though_it_is_not_listed():
    built = scenario("[schedule-aware]", "legitimate.receivers=[classifier]")
    stages = [stage.name for stage in required_stages(built)]
    assert stages == ["pair", "clean-pair.denoise-invert", "clean-pair.schedule-aware"]


def test_surrogate_images_are_never_the_pairs_nor_test_images():
    dataset = load_dataset("mnist", images=3000)
    own = {image.tobytes() for image in surrogate_images(dataset, Surrogate()).images}
    assert len(own) == 600
    for others in (dataset.pair, dataset.test):
        assert not own & {image.tobytes() for image in others.images}


def test_a_share_of_the_surrogate_images_is_their_start():
    dataset = load_dataset("mnist", images=3000)
    whole, tenth = (surrogate_images(dataset, Surrogate(share=share)) for share in (1.0, 0.1))
    assert len(tenth) == 60
    np.testing.assert_array_equal(tenth.images, whole.images[:60])


def test_digits_are_ten_classes_in_the_frame_of_mnist():
    digits = surrogate_images(load_dataset("mnist", images=100), Surrogate(images="digits"))
    assert digits.images.shape == (1797, 28, 28, 1)
    assert digits.images.dtype == np.uint8
    assert set(digits.labels) == set(range(10))
    frame = np.concatenate([digits.images[:, :4].ravel(), digits.images[:, -4:].ravel()])
    assert frame.max() == 0
    assert digits.images.max() == 255
    # Their means by class resemble MNIST's: the same digits, and neither mirrored nor turned.
    test = load_dataset("mnist", images=100).test
    for label in range(10):
        ours, theirs = (part.images[part.labels == label].mean(axis=0).ravel() for part in (digits, test))
        assert np.corrcoef(ours, theirs)[0, 1] > 0.5, label


@pytest.fixture
def eavesdropping(tmp_path):
    def make(attacks="[inversion-mlp]", *more):
        built = scenario(attacks, "training.images=2000", *more)
        shop = Workshop(built, load_dataset("mnist", images=2000), PRETRAINED / "mnist")
        return Eavesdropping(shop, "clean-pair", listed_attacks(built.eavesdropper)[0])

    return make


def test_an_attack_that_does_not_know_the_step_is_not_told(eavesdropping, rng):
    images = rng.random((16, 28, 28, 1), np.float32)
    received, time = eavesdropping("[{attack: inversion-mlp, knows_step: false}]").hear(
        images, np.random.default_rng(1)
    )
    same, told = eavesdropping().hear(images, np.random.default_rng(1))
    np.testing.assert_array_equal(received, same)
    assert (time == 0).all()
    assert told.std() > 0.1


def test_what_is_heard_in_training_spans_all_steps_and_obeys_looks(eavesdropping, rng):
    images = rng.random((512, 28, 28, 1), np.float32)
    _, once = eavesdropping().hear(images, np.random.default_rng(1))
    _, often = eavesdropping("[inversion-mlp]", "eavesdropper.looks=5").hear(images, np.random.default_rng(1))
    assert once.min() < 0.15
    assert once.max() > 0.95
    assert (often < once).all()


def test_the_clearest_an_eavesdropper_hears_is_the_feature_and_little_noise(eavesdropping, rng):
    heard = eavesdropping()
    images = rng.random((64, 28, 28, 1), np.float32)
    feature = np.asarray(heard.shop.load("encoder")(images))
    # Four looks at 25 dB leave a noise variance of 1 / 4 / 316.
    error = heard.hear_clearly(images) - feature
    assert error.var() == pytest.approx(10**-2.5 / 4, rel=0.05)
    assert abs(error.mean()) < 1e-3


def test_the_reconstruction_loss_is_mse_and_a_tenth_of_what_ssim_lacks():
    left, right = np.full((2, 28, 28, 1), 0.25, np.float32), np.full((2, 28, 28, 1), 0.5, np.float32)
    # Of two constant images only the luminance term of eq. 8 is left, with C1 = 0.01 ** 2.
    ssim = (2 * 0.25 * 0.5 + 1e-4) / (0.25**2 + 0.5**2 + 1e-4)
    expected = 0.25**2 + 0.1 * (1 - ssim)
    np.testing.assert_allclose(reconstruction_loss(left, right), expected, rtol=1e-3)


def test_a_target_names_the_shapes_of_what_is_heard():
    assert Target((8, 8, 1), mnist.IMAGE_SHAPE, 10, pixel_rms=0.329) == SYMBOLS
    assert PICTURES.feature_shape == mnist.IMAGE_SHAPE


@pytest.fixture
def data_sets(tmp_path):
    """A scenario that sends pictures of each kind of data set."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    systems = ["legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]", "monte_carlo.batch_size=64"]
    folder = [f"dataset={{folder: {tmp_path}}}", *systems]
    return {
        "mnist": load_scenario("mnist-quick", systems),
        "cifar10": load_scenario("cifar10-quick", systems),
        "folder": load_scenario("mnist-quick", folder),
    }


@pytest.mark.parametrize("name", ["mnist", "cifar10", "folder"])
def test_whoever_looks_at_what_is_heard_sees_what_the_direct_receiver_sees(data_sets, name, rng):
    """At one SNR the two hear symbols of one law: through the same eyes their accuracies differ by chance alone."""
    scenario = data_sets[name]
    shape = sizes_of(scenario.dataset).image_shape

    class Eyes(keras.layers.Layer):
        def call(self, image):
            return keras.ops.reshape(image, (-1, int(np.prod(shape))))

    image = keras.Input(shape)
    receiver = build_receiver(scenario, "direct", lambda name: keras.Model(image, Eyes()(image)))
    (listed,) = listed_attacks(scenario.eavesdropper)
    attack = build_attack(scenario, "direct", listed, lambda name: keras.Model(), {})
    received = rng.standard_normal((64, *shape)).astype(np.float32)
    step = rng.uniform(0, 500, 64).astype(np.float32)
    pixels, _ = receiver([received, step])
    np.testing.assert_allclose(pixels, np.asarray(attack.run([received, step])).reshape(64, -1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("losses", "parts"), [((0.2, 0.1), [""]), ((0.2, 0.199), ["", "again"])])
@pytest.mark.parametrize("name", ["inversion-conv", "denoise-invert"])
def test_a_decoder_that_has_learnt_nothing_begins_once_more_from_other_weights(name, losses, parts):
    method, seen = SUITE[name], []

    class Standing:
        """Stands for an Eavesdropping: every training ends with the given losses."""

        def fit(self, model, loss, target, part="", *options):
            seen.append(part)
            return [{"val_loss": value} for value in losses]

        def rebuilt(self):
            return method.build(SYMBOLS)

    model = method.build(SYMBOLS)
    decoder = model.network if name == "denoise-invert" else model
    before = decoder.get_weights()
    history = _reconstruct(Standing(), model)
    assert seen == parts
    assert len(history) == 2 * len(parts)
    moved = any(np.abs(old - new).max() > 0 for old, new in zip(before, decoder.get_weights(), strict=True))
    assert moved == (len(parts) == 2)
