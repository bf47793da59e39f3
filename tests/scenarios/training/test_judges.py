"""The judge that ships: from new weights, or on from the clean one's; what an epoch shows it."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack, PlannedAttack, Target
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.judges import find_judge
from diffsem.scenarios.schema.nodes import Surrogate
from diffsem.scenarios.training.session import TrainingSession

TARGET = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.5)
# What the attack makes of whatever it hears.
GREY = 2.0


def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    pixels = keras.layers.Dense(784, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(GREY))
    return keras.Model(
        [received, time], keras.layers.Reshape(target.image_shape)(pixels(keras.ops.reshape(received, (-1, 64))))
    )


@pytest.fixture
def stages(make_session, networks):
    """Call with epochs: gives a session with a pair and an attack on it saved, and the judge's stages by name."""

    def make(attacked=True, outside=None, build=build, **epochs):
        session = make_session(training={"epochs": epochs, "batch_size": 32})
        session.save(session.build(networks.encoder), networks.encoder)
        method = AttackMethod("grey", "image", build, lambda eavesdropping, model: [])
        network = NetworkSpec("mine.grey", lambda dimensions: build(TARGET))
        session.save(session.build(network), network)
        attack = ListedAttack(method, True, Surrogate(), None, outside)
        planned = PlannedAttack(attack, networks.transmitter, networks.transmitter, TARGET, network)
        judge = find_judge(None).part
        made = judge.stages(session.scenario, (planned,) if attacked else ())
        return session, judge, {stage.name: stage for stage in made}

    return make


@pytest.fixture
def caught(monkeypatch):
    """What the first call of `Session.fit` would train: (inputs and labels of an epoch, weights, epochs, options)."""

    class Stop(Exception):
        pass

    def catch(run, session):
        found = SimpleNamespace()

        def fit(self, stage, epochs, model, loss, draw_epoch, validation, *arguments, **options):
            found.samples, found.weights, found.epochs, found.options = (
                draw_epoch(0),
                model.get_weights(),
                epochs,
                options,
            )
            raise Stop

        with monkeypatch.context() as patch:
            patch.setattr(TrainingSession, "fit", fit)
            with pytest.raises(Stop):
                run(session)
        return found

    return catch


@pytest.mark.slow
def test_both_judges_train_an_epoch_and_score_the_clean_test_images(stages):
    session, judge, made = stages(strong_classifier=1, judge_of_attacks=1)
    assert list(made) == ["strong-classifier-clean", "strong-classifier"]
    for stage, network in zip(made.values(), (judge.clean, judge.network), strict=True):
        outcome = stage.run(session)
        (epoch,) = outcome["history"]
        assert np.isfinite([epoch["loss"], epoch["val_loss"]]).all()
        assert stage.writes == (network,)
        test = session.dataset.test
        found = np.argmax(session.load(network)(test.as_float()), axis=-1)
        assert outcome["scores"] == {"test_accuracy_clean": pytest.approx(np.mean(found == test.labels), abs=1e-4)}


def test_a_judge_goes_on_from_the_clean_one_slowly_and_on_half_of_the_images(stages, caught):
    session, judge, made = stages(strong_classifier=9, judge_of_attacks=2)
    clean = session.build(judge.clean)
    session.save(clean, judge.clean)
    assert made["strong-classifier"].needs[0] == judge.clean
    found = caught(made["strong-classifier"].run, session)
    for mine, theirs in zip(found.weights, clean.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found.epochs == 2
    assert found.options["learning_rate"] == 3e-4
    # 90 images of the pair's and 60 of the eavesdropper's are for training: of half of them four pictures each.
    assert len(found.samples[0]) == len(found.samples[1]) == 4 * 75


def test_a_judge_from_new_weights_sees_every_image_twice_clean_once_noised_and_once_as_the_attack_makes_it(
    stages, caught
):
    session, judge, made = stages(strong_classifier=9)
    assert judge.clean not in made["strong-classifier"].needs
    found = caught(made["strong-classifier"].run, session)
    assert (found.epochs, found.options["learning_rate"]) == (9, 1e-3)
    pictures, labels = found.samples
    assert len(pictures) == len(labels) == 4 * 150
    grey = (pictures == GREY).all(axis=(1, 2, 3))
    within = (pictures >= 0).all(axis=(1, 2, 3)) & (pictures <= 1).all(axis=(1, 2, 3))
    assert grey.sum() == 150
    # At the very first steps noise may leave all pixels where images have them.
    assert 300 <= within.sum() <= 303
    parts = (session.dataset.pair, session.dataset.surrogate)
    expected = np.concatenate([part.split_off_validation()[0].labels for part in parts])
    np.testing.assert_array_equal(np.bincount(labels[grey]), np.bincount(expected))


def test_without_attacks_a_judge_sees_clean_and_noised_images(stages, caught):
    session, _, made = stages(attacked=False, strong_classifier=1)
    assert made["strong-classifier"].needs == ()
    assert len(caught(made["strong-classifier"].run, session).samples[0]) == 3 * 150


def test_the_clean_judge_sees_nothing_but_images(stages, caught):
    session, _, made = stages(strong_classifier=1)
    pictures, labels = caught(made["strong-classifier-clean"].run, session).samples
    assert len(pictures) == len(labels) == 150
    assert made["strong-classifier-clean"].needs == ()
    assert 0 <= pictures.min() <= pictures.max() <= 1


class Failing(keras.layers.Layer):
    def call(self, received):
        if received.shape[0] is None:
            raise RuntimeError("no such size")
        return received


def test_an_attack_from_outside_whose_network_fails_on_a_batch_is_told_by_its_name(stages):
    def build_failing(target):
        received, time = keras.Input(target.feature_shape, batch_size=2), keras.Input((1,), batch_size=2)
        pixels = keras.layers.Dense(784)(keras.ops.reshape(Failing()(received), (-1, 64)))
        return keras.Model([received, time], keras.layers.Reshape(target.image_shape)(pixels))

    session, _, made = stages(outside="mine:GREY", build=build_failing, strong_classifier=1)
    with pytest.raises(InputError, match=r"eavesdropper\.attacks: mine:GREY: ") as error:
        made["strong-classifier"].run(session)
    assert "\n" not in str(error.value)
