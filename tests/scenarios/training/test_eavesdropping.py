"""What an attack gets: chosen plaintexts and what is heard of them, and no way to anything else."""

import types

import keras
import numpy as np
import pytest

from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack, PlannedAttack, Target
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.schema.nodes import Surrogate
from diffsem.scenarios.training.eavesdropping import eavesdropping_of, train_attack

TARGET = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.5)


def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    symbols = keras.layers.Concatenate()([keras.layers.Flatten()(received), time])
    return keras.Model([received, time], keras.layers.Dense(target.classes)(symbols))


def train(eavesdropping, model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return eavesdropping.fit(model, loss, lambda heard, images, labels: labels)


def plan(transmitter, method, before=(), knows_step=True, surrogate=None):
    attack = ListedAttack(method, knows_step, surrogate or Surrogate())
    network = NetworkSpec(f"{transmitter.name}.{attack.name}", lambda dimensions: method.build(TARGET))
    return PlannedAttack(attack, transmitter, transmitter, TARGET, network, before)


METHOD = AttackMethod("guess", "label", build, train)


@pytest.fixture
def make(make_session, networks):
    """An attack's access to a transmitter that is saved, and the session."""

    def call(knows_step=True, surrogate=None, **keys):
        session = make_session(**keys)
        session.save(session.build(networks.encoder), networks.encoder)
        return eavesdropping_of(session, plan(networks.transmitter, METHOD, (), knows_step, surrogate)), session

    return call


def attributes(thing):
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    names = {*dir(thing), *getattr(thing, "__dict__", ()), *slots}
    return {name: getattr(thing, name) for name in names if not name.startswith("__")}


def test_no_attribute_leads_to_more_than_the_contract_says(make):
    eavesdropping, _ = make()
    assert set(attributes(eavesdropping)) == {
        "name",
        "knows_step",
        "rng",
        "images",
        "hear",
        "hear_clearly",
        "trained",
        "rebuilt",
        "fit",
    }
    for name, value in attributes(eavesdropping).items():
        # Words, and functions that have no owner, no arguments kept for them and no attributes.
        assert isinstance(value, str | bool | types.FunctionType), name
        if isinstance(value, types.FunctionType):
            assert not value.__defaults__, name
            assert not attributes(value), name


def test_an_attack_that_does_not_know_the_step_is_not_told(make, rng):
    images = rng.random((16, 28, 28, 1), np.float32)
    received, time = make(knows_step=False)[0].hear(images, np.random.default_rng(1))
    same, told = make()[0].hear(images, np.random.default_rng(1))
    np.testing.assert_array_equal(received, same)
    assert (time == 0).all()
    assert told.std() > 0.1


def test_what_is_heard_in_training_spans_all_steps_and_obeys_looks(make, rng):
    images = rng.random((512, 28, 28, 1), np.float32)
    _, once = make()[0].hear(images, np.random.default_rng(1))
    _, often = make(eavesdropper={"looks": 5})[0].hear(images, np.random.default_rng(1))
    assert once.min() < 0.15
    assert once.max() > 0.95
    assert (often < once).all()


def test_the_clearest_an_eavesdropper_hears_is_the_feature_and_little_noise(make, networks, rng):
    eavesdropping, session = make()
    images = rng.random((1024, 28, 28, 1), np.float32)
    feature = np.asarray(session.load(networks.encoder)(images))
    # Four looks at 25 dB leave a noise variance of 1 / 4 / 316.
    error = eavesdropping.hear_clearly(images) - feature
    assert error.var() == pytest.approx(10**-2.5 / 4, rel=0.03)
    assert abs(error.mean()) < 1e-3


def test_surrogate_images_are_never_the_pairs_nor_test_images(make):
    eavesdropping, session = make()
    own = {image.tobytes() for part in eavesdropping.images() for image in part.images}
    assert len(own) == 64
    for others in (session.dataset.pair, session.dataset.test):
        assert not own & {image.tobytes() for image in others.images}


def test_other_surrogate_images_are_those_of_the_source(make):
    eavesdropping, session = make(surrogate=Surrogate(images="few", share=0.5))
    training, validation = eavesdropping.images()
    expected = session.source.surrogates["few"]().images[:10]
    np.testing.assert_array_equal(np.concatenate([training.images, validation.images]), expected)


def test_an_attack_starts_from_those_before_it_and_is_told_by_its_surrogate_images(make, networks):
    taken = []

    def start(eavesdropping, model):
        taken.append(eavesdropping.trained(METHOD).get_weights())
        return train(eavesdropping, model)

    _, session = make(training={"epochs": {"adversary": 1}})
    first = plan(networks.transmitter, METHOD)
    second = plan(networks.transmitter, AttackMethod("second", "label", build, start, after=(METHOD,)), (first,))
    scores = [train_attack(session, planned)["scores"] for planned in (first, second)]
    for loaded, saved in zip(taken[0], session.load(first.network).get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, saved)
    assert [each["surrogate_images"] for each in scores] == [60, 60]
    assert all(np.isfinite(each["val_loss"]) for each in scores)


def test_a_network_is_rebuilt_from_other_weights_always_the_same(make):
    eavesdropping, session = make()
    kernel, again = (eavesdropping.rebuilt().get_weights()[0] for _ in range(2))
    np.testing.assert_array_equal(kernel, again)
    begun_with = session.build(NetworkSpec("mine.guess", lambda dimensions: build(TARGET))).get_weights()[0]
    assert np.abs(kernel - begun_with).max() > 0


def test_an_attack_that_is_not_trained_before_is_told_by_its_name(make):
    eavesdropping, _ = make()
    with pytest.raises(ValueError, match="guess is not trained before it; allowed: what its `after` lists"):
        eavesdropping.trained(METHOD)
