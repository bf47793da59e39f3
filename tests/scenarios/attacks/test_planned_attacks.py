"""Attacks as a plan has them: against which transmitters, and from what."""

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.assembly import _attack
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.schedule import Schedule


def planned(attacks, *overrides):
    return plan(load_scenario("mnist-quick", [f"eavesdropper.attacks={attacks}", *overrides]))


def against(built, transmitter):
    return [each.attack.name for each in built.attacks if each.transmitter.name == transmitter]


def test_pictures_can_be_looked_at_and_symbols_cannot():
    built = planned("[as-heard, inversion-mlp]", "legitimate.receivers=[classifier, direct]")
    assert against(built, "direct") == ["as-heard", "inversion-mlp"]
    assert against(built, "clean-pair") == ["inversion-mlp"]
    # There is nothing to learn: no weights, and no stage.
    assert "direct.as-heard" not in [network.name for network in built.networks]
    assert "direct.as-heard" not in [stage.name for stage in built.stages]


def test_an_attack_may_be_run_against_some_transmitters_only():
    built = planned(
        "[inversion-mlp, {attack: linear-probe, transmitters: [ibal]}]", "legitimate.receivers=[classifier, ibal]"
    )
    assert against(built, "clean-pair") == ["inversion-mlp"]
    assert against(built, "ibal") == ["inversion-mlp", "linear-probe"]
    for there in (built.networks, built.stages):
        assert "clean-pair.linear-probe" not in [each.name for each in there]
        assert "ibal.linear-probe" in [each.name for each in there]


@pytest.mark.parametrize(
    ("transmitters", "words"),
    [
        ("[one-step]", "transmitters"),
        ("[ibal]", "none of its transmitters ibal is there; allowed with these receivers: clean-pair"),
    ],
)
def test_an_attack_against_nobody_is_refused(transmitters, words):
    with pytest.raises(InputError, match=words) as error:
        planned(f"[{{attack: linear-probe, transmitters: {transmitters}}}]", "legitimate.receivers=[classifier]")
    assert "\n" not in str(error.value)


def test_what_an_attack_starts_from_is_trained_first_though_it_is_not_listed():
    built = planned("[schedule-aware]", "legitimate.receivers=[classifier]")
    assert [stage.name for stage in built.stages] == ["pair", "clean-pair.denoise-invert", "clean-pair.schedule-aware"]
    assert against(built, "clean-pair") == ["schedule-aware"]


def test_what_sounds_the_same_is_attacked_by_the_same_networks():
    def attacked(*overrides):
        networks = plan(load_scenario("mnist-keyed-scramble", overrides)).networks
        return [network.name for network in networks if "." in network.name]

    only = "legitimate.receivers=[keyed-self-noise, keyed-self-noise-scramble]"
    networks = attacked(only, "eavesdropper.attacks=[task-classifier, sorted-magnitudes, pad-dictionary]")
    assert networks == [
        "reference.task-classifier",
        "keyed-self-noise.pad-dictionary",
        "keyed-scramble.task-classifier",
        "keyed-scramble.sorted-magnitudes",
        "keyed-self-noise-scramble.pad-dictionary",
    ]
    # A generator that is broken sounds like nothing else.
    broken = attacked(only, "eavesdropper.attacks=[task-classifier]", "legitimate.key.generator=weak")
    assert broken == ["keyed-self-noise+weak.task-classifier", "keyed-self-noise-scramble+weak.task-classifier"]


def test_a_target_says_what_a_transmitter_sends_and_by_which_schedule():
    built = planned(
        "[linear-probe]",
        "legitimate.receivers=[classifier, direct, keyed-scramble]",
        "schedule={steps: 100, kind: cosine}",
        "timesteps=[50]",
    )
    targets = {each.transmitter.name: each.target for each in built.attacks}
    assert [targets[name].feature_shape for name in ("clean-pair", "direct")] == [(8, 8, 1), (28, 28, 1)]
    assert [targets[name].scrambled for name in ("clean-pair", "keyed-scramble")] == [False, True]
    assert {target.schedule for target in targets.values()} == {Schedule(steps=100, kind="cosine")}


@pytest.fixture
def pictures_of(tmp_path):
    """A plan that sends pictures, by kind of data set."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    systems = ["legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]", "monte_carlo.batch_size=64"]
    words = {
        "mnist": ("mnist-quick", []),
        "cifar10": ("cifar10-quick", []),
        "folder": ("mnist-quick", [f"dataset={{folder: {tmp_path}}}"]),
        "own schedule": ("mnist-quick", ["schedule={steps: 400, beta_end: 0.05}"]),
    }
    return {name: plan(load_scenario(file, [*systems, *more])) for name, (file, more) in words.items()}


@pytest.mark.parametrize("name", ["mnist", "cifar10", "folder", "own schedule"])
def test_whoever_looks_at_what_is_heard_sees_what_the_direct_receiver_sees(name, pictures_of, rng):
    """At one SNR the two hear symbols of one law: through the same eyes their accuracies differ by chance alone."""
    built = pictures_of[name]
    shape = built.setup.dimensions.image_shape

    class Eyes(keras.layers.Layer):
        def call(self, image):
            return keras.ops.reshape(image, (-1, int(np.prod(shape))))

    image = keras.Input(shape)
    (system,), (attack,) = built.systems, built.attacks
    receiver = system.receiver(built.setup, lambda network: keras.Model(image, Eyes()(image)))
    run = _attack(built, attack, lambda network: network.build(built.setup.dimensions), {}, ()).run
    received = rng.standard_normal((64, *shape)).astype(np.float32)
    step = rng.uniform(0, built.setup.schedule.steps, 64).astype(np.float32)
    pixels, _ = receiver([received, step])
    np.testing.assert_allclose(pixels, np.asarray(run([received, step])).reshape(64, -1), rtol=1e-5, atol=1e-6)
