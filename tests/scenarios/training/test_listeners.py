"""The game of a pair with classifiers that listen in, against its gradients one by one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import diffsem.models as models
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.training.recipes.listeners import Game, _game, _handicapped, train_against_listeners
from diffsem.scenarios.training.session import TrainingSession

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture
def session(make_session):
    return make_session(
        schedule={"steps": 100}, training={"epochs": {"against_listeners": 1}, "batch_size": 32, "images": 160}
    )


def inputs(rng, listeners, images=8):
    steps = rng.integers(1, 60, images).astype(np.int32)
    time = (steps / 100).astype(np.float32)[:, None]
    noises = rng.standard_normal((images, 1 + listeners, 8, 8, 1)).astype(np.float32)
    return [rng.random((images, 28, 28, 1), np.float32), steps, steps, time, time, noises]


def gradients(session, networks, game, given, labels):
    """Of CE_C + sum of CE_A, for the encoder and for everything else."""
    sender, receiver = session.build(networks.encoder), session.build(networks.classifier)
    keras.utils.set_random_seed(5)
    model = _game(session, sender, receiver, game)
    with tf.GradientTape() as tape:
        *logits, nats = model(given)
        loss = sum(LOSS(labels, each) for each in logits) + tf.reduce_mean(nats)
    of_encoder = {weight.path for weight in sender.trainable_variables}
    learnt = model.trainable_variables
    found = dict(zip((weight.path for weight in learnt), tape.gradient(loss, learnt), strict=True))
    return [[found[path].numpy() for path in found if (path in of_encoder) == own] for own in (True, False)]


@pytest.mark.parametrize("colluding", [False, True])
def test_the_encoder_follows_the_receiver_and_flees_the_listeners(session, networks, rng, colluding):
    """Its gradient is g_C - lambda g_A, linear in lambda; everybody else's does not hang on lambda."""
    given, labels = inputs(rng, listeners=2), np.arange(8) % 10
    found = {
        weight: gradients(session, networks, Game(weight, 2, colluding), given, labels) for weight in (-1.0, 0.0, 0.5)
    }
    moved = []
    for alone, with_both, game in zip(found[0.0][0], found[-1.0][0], found[0.5][0], strict=True):
        # At -1 the listeners' gradient is added as it is.
        np.testing.assert_allclose(game, alone - 0.5 * (with_both - alone), rtol=2e-3, atol=1e-5)
        moved.append(np.abs(with_both - alone).max())
    assert max(moved) > 1e-3
    for one, other in zip(found[0.0][1], found[0.5][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_listeners_that_collude_decide_by_the_sum_of_their_logits(session, networks, rng):
    given = inputs(rng, listeners=2)
    outputs = {}
    for colluding in (False, True):
        sender, receiver = session.build(networks.encoder), session.build(networks.classifier)
        keras.utils.set_random_seed(5)
        outputs[colluding] = [
            np.asarray(each) for each in _game(session, sender, receiver, Game(0.5, 2, colluding))(given)
        ]
    own, first, second, _ = outputs[False]
    np.testing.assert_allclose(outputs[True][0], own, rtol=1e-5)
    np.testing.assert_allclose(outputs[True][1], first + second, rtol=1e-4, atol=1e-5)


def test_a_handicap_is_so_many_db_of_noise():
    schedule = models.NoiseSchedule()
    steps = np.arange(20, 350, 30)
    theirs = _handicapped(steps, schedule, 5.0)
    worse = np.asarray(schedule.esnr_db(steps)) - np.asarray(schedule.esnr_db(theirs))
    np.testing.assert_allclose(worse, 5.0, atol=0.35)
    assert _handicapped(steps, schedule, 0.0) is steps


@pytest.mark.slow
def test_a_pair_is_trained_against_listeners_that_are_thrown_away(session, networks, tmp_path):
    game = Game(0.5, listeners=2, colluding=True, handicap_db=5.0, information=1e-3)
    outcome = train_against_listeners(session, "mine", networks.encoder, networks.classifier, game)
    assert len(outcome["history"]) == 1
    assert 0 <= outcome["scores"]["test_accuracy_t0"] <= 1
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["receiver.weights.h5", "sender.weights.h5"]


@pytest.mark.slow
def test_of_a_perturbed_pair_the_own_encoder_stays_as_it_is(session, networks):
    perturbed = NetworkSpec("perturbed", lambda sizes: models.PerturbedEncoder(sizes.image_shape, sizes.feature_shape))
    for spec in (networks.encoder, networks.classifier):
        session.save(session.build(spec), spec)
    own = networks.encoder, networks.classifier
    train_against_listeners(session, "mine", perturbed, networks.tuned, Game(0.5), perturbed=own)
    sender = session.load(perturbed)
    for one, other in zip(sender.clean.get_weights(), session.load(networks.encoder).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    images = np.random.default_rng(1).random((16, 28, 28, 1))
    clean, sent = np.asarray(sender.clean(images)), np.asarray(sender(images))
    np.testing.assert_allclose((sent**2).mean(axis=(1, 2, 3)), 1, rtol=1e-4)
    # z + sqrt(share) delta, scaled: what is sent lies in the span of the two, a tenth of the power away.
    correlation = (clean * sent).mean(axis=(1, 2, 3))
    assert (correlation > 0.9).all()
    assert (correlation < 1 - 1e-4).all()


def test_epochs_are_those_of_the_scenario(session, networks, monkeypatch):
    seen = []
    monkeypatch.setattr(TrainingSession, "fit", lambda self, stage, epochs, *rest, **plan: seen.append(epochs) or [{}])
    train_against_listeners(session, "mine", networks.encoder, networks.classifier, Game(0.5))
    assert seen == [1]
