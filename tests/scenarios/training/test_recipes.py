"""Recipes, for networks of any name and a schedule of any length."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import diffsem.models as models
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.systems import reference
from diffsem.scenarios.training.checkpoints import weights_file
from diffsem.scenarios.training.recipes.denoised import estimator, features
from diffsem.scenarios.training.recipes.denoiser import train_denoiser
from diffsem.scenarios.training.recipes.distillation import distil
from diffsem.scenarios.training.recipes.fine_tuning import fine_tune, fine_tune_on_estimates
from diffsem.scenarios.training.recipes.information_bottleneck import train_against_decoder
from diffsem.scenarios.training.recipes.pair import train_pair, train_through_noise
from diffsem.scenarios.training.session import TrainingSession

# An epoch each, most of it tracing: half a minute in all.
pytestmark = pytest.mark.slow

ONE_EPOCH = {
    "epochs": dict.fromkeys(("pair", "denoiser", "classifiers", "distillation", "ibal"), 1),
    "batch_size": 32,
    "teacher_steps": 2,
}
SHORT = {"steps": 100}


def denoiser(name, context=0):
    """One convolution in the place of a U-Net, which takes many seconds to trace."""

    def build(sizes):
        noised, time = keras.Input(sizes.feature_shape), keras.Input((1,))
        beside = [keras.Input((context,))] if context else []
        told = keras.layers.Concatenate()([time, *beside]) if context else time
        shift = keras.layers.Reshape((1, 1, 1))(keras.layers.Dense(1)(told))
        network = keras.Model([noised, time, *beside], keras.layers.Conv2D(1, 3, padding="same")(noised) + shift)
        network.context = context
        return network

    return NetworkSpec(name, build)


@pytest.fixture
def networks(networks):
    unets = {"unet": 0, "student": 0, "label_unet": 10, "label_student": 10}
    quick = {name: denoiser(name.replace("_", "-"), context) for name, context in unets.items()}
    return SimpleNamespace(**vars(networks) | quick)


@pytest.fixture
def session(make_session):
    return make_session(schedule=SHORT, training=ONE_EPOCH)


def save(session, *specs):
    for spec in specs:
        session.save(session.build(spec), spec)


def test_a_pair_is_trained_under_the_names_of_its_specifications(session, networks, tmp_path):
    outcome = train_pair(session, "mine", networks.encoder, networks.classifier)
    assert list(outcome["scores"]) == ["test_accuracy_t0"]
    assert len(outcome["history"]) == 1
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["receiver.weights.h5", "sender.weights.h5"]


def test_accuracies_are_told_at_the_steps_that_the_schedule_has(session, networks):
    outcome = train_through_noise(session, "mine", networks.encoder, networks.classifier, 1, session.varied)
    assert list(outcome["scores"]) == ["test_accuracy_t0"]
    save(session, networks.encoder)
    told = train_denoiser(session, networks.unet, networks.encoder)["scores"]["noise_mse_by_step"]
    assert list(told) == ["1", "30", "60"]


def test_all_receivers_are_fine_tuned_on_the_same_draws_in_the_same_order(session, networks, monkeypatch):
    """They differ in z^ alone."""
    save(session, networks.encoder, networks.classifier, networks.unet)
    pair, seen = (networks.encoder, networks.classifier), []

    def fit(session, stage, epochs, model, loss, draw_epoch, validation, metrics=(), part="", **plan):
        seen.append([*draw_epoch(0), *validation])
        return [{"val_accuracy": 0.5}]

    monkeypatch.setattr(TrainingSession, "fit", fit)
    fine_tune(session, "bypass", networks.tuned, pair, lambda split, received, step: lambda rng: received)
    fine_tune_on_estimates(session, "estimates", networks.tuned, pair, networks.unet, solver_steps=1)
    for bypass, estimates in ((seen[0][0], seen[1][0]), (seen[0][2], seen[1][2])):
        np.testing.assert_array_equal(bypass[0], estimates[0])
        np.testing.assert_array_equal(bypass[2], estimates[2])
        np.testing.assert_array_equal(bypass[0], bypass[1])
        assert np.abs(bypass[1] - estimates[1]).max() > 1e-3
    for place in (1, 3):
        np.testing.assert_array_equal(seen[0][place], seen[1][place])
    # Four draws an image in training, one in validation.
    assert [len(seen[0][place]) for place in (1, 3)] == [4 * 90, 6]


def test_an_estimate_of_one_step_is_that_of_the_network_alone(session, networks, rng):
    save(session, networks.unet)
    received, step = rng.standard_normal((4, 8, 8, 1)).astype(np.float32), np.full(4, 40, np.float32)
    noise = np.asarray(session.load(networks.unet)([received, np.full((4, 1), 0.4, np.float32)]))
    alpha_bar = np.prod(1 - np.linspace(1e-4, 0.02, 100)[:40])
    expected = (received - np.sqrt(1 - alpha_bar) * noise) / np.sqrt(alpha_bar)
    np.testing.assert_allclose(estimator(session, networks.unet, 1)(received, step), expected, rtol=1e-3, atol=1e-4)


def test_features_are_draws_of_an_image_one_after_another_and_vary_in_training_only(session, networks):
    encoder, data = session.build(networks.encoder), session.dataset.pair[:5]
    plain = np.asarray(encoder(data.as_float()))
    held_out = features(session, encoder, data, "validation", 3, np.random.default_rng(1))
    np.testing.assert_allclose(held_out, np.repeat(plain, 3, axis=0), rtol=1e-4, atol=1e-5)
    training = features(session, encoder, data, "training", 2, np.random.default_rng(1))
    assert training.shape == (10, 8, 8, 1)
    assert np.abs(training[0] - training[1]).max() > 1e-2


@pytest.mark.parametrize("label", [False, True])
def test_a_student_begins_as_its_teacher_and_is_saved_under_its_own_name(label, session, networks, tmp_path):
    teacher = networks.label_unet if label else networks.unet
    student = networks.label_student if label else networks.student
    save(session, networks.encoder, networks.classifier, teacher)
    before = weights_file(tmp_path, teacher.name).read_bytes()
    scores = distil(session, teacher, student, networks.encoder, networks.classifier)["scores"]
    assert scores["teacher_steps"] == 2
    assert weights_file(tmp_path, teacher.name).read_bytes() == before
    distance = [
        np.abs(left - right).max()
        for left, right in zip(session.load(teacher).get_weights(), session.load(student).get_weights(), strict=True)
    ]
    # A few steps at a low learning rate.
    assert 0 < max(distance) < 0.1


def test_the_weights_of_a_game_are_told_and_only_a_dynamic_ones_hang_on_the_noise(session, networks, monkeypatch):
    """With the information's weight ramped up, fixed beta counts it alike at all steps (Wang et al., Sec. IV)."""
    games = []

    def fit(session, stage, epochs, model, loss, draw_epoch, validation, metrics=(), part="", **plan):
        games.append((model, validation[0]))
        return [{}]

    monkeypatch.setattr(TrainingSession, "fit", fit)
    for dynamic in (False, True):
        outcome = train_against_decoder(session, "mine", networks.encoder, networks.classifier, dynamic)
        assert {"beta": 1e-3, "decoder_weight": 20.0}.items() <= outcome["scores"].items()
    informations = []
    for model, inputs in games:
        steps = np.repeat([20, 80], 3).astype(np.int32)
        ramped = [
            inputs[0][:6],
            steps,
            inputs[2][:6],
            inputs[3][:6],
            np.ones(6, np.float32),
            *(n[:6] for n in inputs[5:]),
        ]
        informations.append(np.asarray(model.predict_on_batch(ramped)[2]))
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 100))
    sigma = np.sqrt((1 - alpha_bar) / alpha_bar)[np.repeat([19, 79], 3)]
    np.testing.assert_allclose(informations[1] / informations[0], 0.1 / sigma, rtol=1e-3)
    # The whole of it can be stored.
    (weights,) = [layer for layer in games[1][0].layers if type(layer).__name__ == "_Weights"]
    copy = type(weights).from_config(weights.get_config())
    assert (copy.dynamic, copy.beta, copy.schedule) == (True, 1e-3, models.NoiseSchedule(100))
    assert keras.saving.get_registered_name(type(weights)) == "diffsem>_Weights"


def weights(session, spec):
    return session.load(spec).get_weights()


def assert_same(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("name", "labelled"), [("unet", False), ("label_unet", True)])
def test_a_denoiser_is_trained_on_a_frozen_encoder(name, labelled, session, networks):
    spec = getattr(networks, name)
    save(session, networks.encoder)
    before = weights(session, networks.encoder)
    outcome = train_denoiser(session, spec, networks.encoder)
    assert len(outcome["history"]) == 1
    assert_same(weights(session, networks.encoder), before)
    titles = ["noise_mse_by_step", *(["noise_mse_by_step_without_label"] if labelled else [])]
    assert list(outcome["scores"]) == [*titles, "validation_mse_float32"]
    for title in titles:
        assert list(outcome["scores"][title]) == ["1", "30", "60"]
    # What is reported is the last epoch's loss, of the same samples.
    assert outcome["scores"]["validation_mse_float32"] == pytest.approx(outcome["history"][0]["val_loss"], rel=1e-3)


def test_a_classifier_is_fine_tuned_behind_what_stays_as_it_is(session, networks):
    frozen = networks.encoder, networks.classifier, networks.unet
    save(session, *frozen)
    before = [weights(session, spec) for spec in frozen]
    outcome = fine_tune_on_estimates(session, "mine", networks.tuned, frozen[:2], networks.unet, solver_steps=3)
    (epoch,) = outcome["history"]
    assert outcome["scores"] == {"validation_accuracy_all_t": round(epoch["val_accuracy"], 4)}
    for spec, then in zip(frozen, before, strict=True):
        assert_same(weights(session, spec), then)
    # It began as the pair's.
    moved = [np.abs(one - other).max() for one, other in zip(before[1], weights(session, networks.tuned), strict=True)]
    assert 0 < max(moved) < 0.1


def test_a_pair_is_trained_against_a_decoder_that_is_thrown_away(session, networks, tmp_path):
    outcome = train_against_decoder(session, "mine", networks.encoder, networks.classifier, dynamic=True)
    assert len(outcome["history"]) == 1
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["receiver.weights.h5", "sender.weights.h5"]


class Stop(Exception):
    pass


@pytest.fixture
def first_epoch(monkeypatch, networks):
    """Call with a recipe and a session: the images that the first epoch would train on."""

    def images_of(recipe, made):
        caught = []

        def catch(self, stage, epochs, model, loss, draw_epoch, validation, *arguments, **options):
            caught.append(draw_epoch(0)[0][0])
            raise Stop

        monkeypatch.setattr(TrainingSession, "fit", catch)
        with pytest.raises(Stop):
            recipe(made)
        return caught[0]

    return images_of


def shifts(pictures, originals):
    """(down, right) by which each picture was moved: random pixels tell, away from the edges."""
    found = set()
    inside = originals[:, 6:22, 6:22]
    for picture in pictures:
        places = [
            (down, right)
            for down in range(-4, 5)
            for right in range(-4, 5)
            if (np.abs(inside - picture[6 + down : 22 + down, 6 + right : 22 + right]).max(axis=(1, 2, 3)) < 1e-6).any()
        ]
        assert len(places) == 1
        found.add(places[0])
    return found


def pair_recipe(networks):
    return lambda made: train_pair(made, "pair", networks.encoder, networks.classifier)


@pytest.mark.parametrize(
    ("recipe", "augmentation", "largest"),
    [
        # The data set of these sessions is shifted, by up to an eighth; for the reference pair by up to two pixels.
        ("pair", None, 3),
        ("pair", [], 0),
        ("reference", None, 2),
        ("reference", [], 0),
        ("reference", ["shift"], 3),
    ],
)
def test_what_the_scenario_says_of_augmentation_goes_before_the_data_set(
    recipe, augmentation, largest, make_session, networks, first_epoch
):
    made = make_session(training=ONE_EPOCH | {"augmentation": augmentation})
    train = reference.TRAIN.run if recipe == "reference" else pair_recipe(networks)
    originals = made.dataset.pair.split_off_validation()[0].as_float()
    found = shifts(first_epoch(train, made), originals)
    # In 90 images the largest shift comes, in one direction or another.
    assert max(max(map(abs, places)) for places in found) == largest
