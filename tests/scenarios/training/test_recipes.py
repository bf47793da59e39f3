"""Every recipe trains an epoch, writes what it says, and leaves alone what it starts from."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.systems import reference
from diffsem.scenarios.training.session import TrainingSession

EPOCH = {
    name: 1 for name in ("pair", "noise_aware_pair", "reference", "denoiser", "distillation", "classifiers", "ibal")
}


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
    unets = {"unet": 0, "label_unet": 10, "label_student": 10}
    quick = {name: denoiser(name.replace("_", "-"), context) for name, context in unets.items()}
    return SimpleNamespace(**vars(networks) | quick)


@pytest.fixture
def session(make_session):
    """With keys of `training` beside those that make it short."""

    def make(**keys):
        return make_session(training={"epochs": EPOCH, "batch_size": 32, "teacher_steps": 2} | keys)

    return make


@pytest.fixture
def saved(session, networks):
    """A session in which networks of these names are saved, untrained."""

    def make(*names, **keys):
        made = session(**keys)
        for name in names:
            spec = getattr(networks, name)
            made.save(made.build(spec), spec)
        return made

    return make


def weights(session, spec):
    return session.load(spec).get_weights()


def assert_same(left, right):
    for one, other in zip(left, right, strict=True):
        np.testing.assert_array_equal(one, other)


def moved(left, right):
    return max(np.abs(one - other).max() for one, other in zip(left, right, strict=True)) > 0


def assert_an_epoch(outcome):
    (epoch,) = outcome["history"]
    assert np.isfinite([epoch["loss"], epoch["val_loss"]]).all()
    assert epoch["seconds"] > 0


def accuracy_of(session, encoder, classifier):
    """On the test images without noise, from the files."""
    test = session.dataset.test
    feature = np.asarray(session.load(encoder)(test.as_float()))
    logits = session.load(classifier)([feature, feature, np.zeros((len(test), 1), np.float32)])
    return np.mean(np.argmax(logits, axis=-1) == test.labels)


def test_a_pair_is_trained_on_clean_features(session, networks):
    made = session()
    outcome = training.train_pair(made, "pair", networks.encoder, networks.classifier)
    assert_an_epoch(outcome)
    for spec in (networks.encoder, networks.classifier):
        assert moved(made.build(spec).get_weights(), weights(made, spec))
    expected = accuracy_of(made, networks.encoder, networks.classifier)
    assert outcome["scores"] == {"test_accuracy_t0": pytest.approx(expected, abs=1e-4)}


def test_a_pair_is_trained_through_noise_on_images_that_are_varied_as_it_is_told(session, networks):
    made, seen = session(), []

    def varied(images, rng):
        seen.append(images.shape)
        return images

    outcome = training.train_through_noise(made, "mine", networks.encoder, networks.classifier, 1, varied)
    assert_an_epoch(outcome)
    # Of 96 images of the pair, a sixteenth is for validation.
    assert seen == [(90, 28, 28, 1)]
    assert list(outcome["scores"]) == [f"test_accuracy_t{step}" for step in (0, 120, 240, 300)]
    expected = accuracy_of(made, networks.encoder, networks.classifier)
    assert outcome["scores"]["test_accuracy_t0"] == pytest.approx(expected, abs=1e-4)


def test_a_pair_is_trained_against_a_decoder_that_is_thrown_away(session, networks, tmp_path):
    made = session(ibal={"beta": 0.01, "decoder_weight": 3.0})
    outcome = training.train_against_decoder(made, "mine", networks.encoder, networks.classifier, dynamic=True)
    assert_an_epoch(outcome)
    scores = outcome["scores"]
    assert (scores["beta"], scores["decoder_weight"]) == (0.01, 3.0)
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["receiver.weights.h5", "sender.weights.h5"]


@pytest.mark.parametrize(("name", "labelled"), [("unet", False), ("label_unet", True)])
def test_a_denoiser_is_trained_on_a_frozen_encoder(name, labelled, saved, networks):
    made, spec = saved("encoder"), getattr(networks, name)
    before = weights(made, networks.encoder)
    outcome = training.train_denoiser(made, spec, networks.encoder)
    assert_an_epoch(outcome)
    assert_same(weights(made, networks.encoder), before)
    assert moved(made.build(spec).get_weights(), weights(made, spec))
    titles = ["noise_mse_by_step", *(["noise_mse_by_step_without_label"] if labelled else [])]
    assert list(outcome["scores"]) == [*titles, "validation_mse_float32"]
    for title in titles:
        assert list(outcome["scores"][title]) == ["1", "30", "60", "120", "180", "240", "300", "400", "500"]
    # What is reported is the last epoch's loss, of the same samples.
    assert outcome["scores"]["validation_mse_float32"] == pytest.approx(outcome["history"][0]["val_loss"], rel=1e-3)


def test_a_student_starts_from_its_teacher_and_leaves_it_alone(saved, networks):
    made, spec = saved("encoder", "classifier", "label_unet"), networks.label_unet
    before = weights(made, spec)
    outcome = training.distil(made, spec, networks.label_student, networks.encoder, networks.classifier)
    assert_an_epoch(outcome)
    assert_same(weights(made, spec), before)
    now = weights(made, networks.label_student)
    assert moved(before, now)
    # An epoch of three steps at 2e-4 from where the teacher stands.
    assert max(np.abs(one - other).max() for one, other in zip(before, now, strict=True)) < 0.01
    scores = outcome["scores"]
    assert scores["teacher_steps"] == 2
    assert scores["validation_mse_to_teacher"] == pytest.approx(outcome["history"][0]["val_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("fresh", "asked"), [(False, ["training", "validation"]), (True, ["validation", "training-0"])]
)
def test_a_classifier_is_fine_tuned_on_what_is_denoised_of_the_same_draws(fresh, asked, saved, networks):
    made, splits = saved("encoder", "classifier", fresh_draws=fresh), {}

    def denoise_epoch(split, received, step):
        splits[split] = received.shape
        assert step.dtype == np.float32
        assert step.min() >= 0
        assert step.max() <= 500
        return lambda rng: received

    pair = networks.encoder, networks.classifier
    before = [weights(made, spec) for spec in pair]
    outcome = training.fine_tune(made, "mine", networks.tuned, pair, denoise_epoch)
    assert_an_epoch(outcome)
    assert list(splits) == asked
    # Four draws of an image once and for all, or one in every epoch.
    assert splits[asked[fresh]][0] == (90 if fresh else 360)
    assert splits["validation"] == (6, 8, 8, 1)
    for spec, then in zip(pair, before, strict=True):
        assert_same(weights(made, spec), then)
    assert moved(before[1], weights(made, networks.tuned))


def test_a_classifier_is_fine_tuned_behind_a_denoiser(saved, networks):
    made = saved("encoder", "classifier", "unet")
    pair, before = (networks.encoder, networks.classifier), weights(made, networks.unet)
    outcome = training.fine_tune_on_estimates(made, "mine", networks.tuned, pair, networks.unet, solver_steps=3)
    assert_an_epoch(outcome)
    assert_same(weights(made, networks.unet), before)
    (epoch,) = outcome["history"]
    assert outcome["scores"] == {"validation_accuracy_all_t": round(epoch["val_accuracy"], 4)}


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


def train_pair(networks):
    return lambda made: training.train_pair(made, "pair", networks.encoder, networks.classifier)


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
    recipe, augmentation, largest, session, networks, first_epoch
):
    made = session(augmentation=augmentation)
    train = reference.TRAIN.run if recipe == "reference" else train_pair(networks)
    originals = made.dataset.pair.split_off_validation()[0].as_float()
    found = shifts(first_epoch(train, made), originals)
    # In 90 images the largest shift comes, in one direction or another.
    assert max(max(map(abs, places)) for places in found) == largest
