from types import SimpleNamespace

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.assembly import networks_for
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.networks import NETWORKS, WEIGHTLESS
from diffsem.scenarios.schema import ATTACKS, shipped_scenarios
from diffsem.scenarios.stages import _cached, required_stages
from diffsem.scenarios.workshop import Workshop

EVERYTHING = [
    "legitimate.receivers=[classifier, noise-aware, noise-aware-pair, one-step, diffsem, e-diffsem, ibal, ibal-d, "
    "direct, permutation, reference, reference-one-step, keyed-self-noise, keyed-scramble]",
    f"eavesdropper.attacks=[{', '.join(ATTACKS)}]",
    "denoising.solver=distilled",
]


def names(*overrides):
    return [stage.name for stage in required_stages(load_scenario("mnist-awgn", overrides))]


def assert_workable(scenario):
    written: list[str] = []
    for stage in required_stages(scenario):
        assert set(stage.needs) <= set(written), stage.name
        written += stage.writes
    assert len(written) == len(set(written))
    assert set(networks_for(scenario)) <= set(written)
    return written


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_shipped_scenario_trains_what_it_needs_in_a_workable_order(name):
    assert_workable(load_scenario(name))


def test_all_systems_and_attacks_train_every_network_once():
    written = assert_workable(load_scenario("mnist-awgn", EVERYTHING))
    attacks = [name for name in written if "." in name]
    # Seven transmitters and seven attacks that learn; of those on the reference pair a keyed one takes all but its own,
    # and scrambles leave five and one of their own.
    assert len(attacks) == 7 * 7 + 1 + 6
    assert sorted(set(written) - set(attacks)) == sorted(set(NETWORKS) - set(WEIGHTLESS))


def test_a_smaller_scenario_trains_only_what_it_needs():
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[]") == ["pair"]
    assert names("legitimate.receivers=[noise-aware-pair]", "eavesdropper.attacks=[]") == ["noise-aware-pair"]
    assert names("legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]") == [
        "pair",
        "denoiser-label",
        "noise-aware",
        "e-diffsem",
    ]
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[inversion-mlp]") == [
        "pair",
        "clean-pair.inversion-mlp",
        "strong-classifier-clean",
        "strong-classifier",
    ]
    # Labels need no judge, pictures always do.
    assert names("legitimate.receivers=[ibal]", "eavesdropper.attacks=[linear-probe]") == ["ibal", "ibal.linear-probe"]
    assert names("legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]") == [
        "strong-classifier-clean",
        "strong-classifier",
    ]


def test_what_sounds_the_same_is_attacked_by_the_same_networks():
    def attacked(*overrides):
        return [name for name in networks_for(load_scenario("mnist-keyed-scramble", overrides)) if "." in name]

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


def test_a_training_whose_loss_is_not_finite_ends_in_one_line_and_goes_on_from_the_epoch_before(tmp_path):
    shop = Workshop(load_scenario("mnist-awgn"), load_dataset("mnist"), tmp_path)
    samples = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)

    def fit(first_bad):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        return shop.fit(
            "pair", 4, model, "mse", lambda epoch: (samples[0], samples[1] / (epoch < first_bad)), samples, part="one"
        )

    with np.errstate(divide="ignore"), pytest.raises(InputError) as error:
        fit(first_bad=2)
    kept = tmp_path / ".progress" / "pair" / "one"
    assert str(error.value) == (
        "training stage pair (one), epoch 3 of 4: loss is inf; allowed: finite losses; "
        f"epochs before it are kept in {kept}"
    )
    assert [path.name for path in kept.glob("*.npz")] == ["epoch-0002.npz"]
    assert [record["epoch"] for record in fit(first_bad=9)] == [0, 1, 2, 3]


def test_a_damaged_cache_of_denoised_features_is_computed_anew(tmp_path, rng):
    shop = SimpleNamespace(folder=tmp_path)
    expected, computed = rng.standard_normal((5, 8, 8, 1)), []

    def compute():
        computed.append(True)
        return expected

    for damage in [
        None,
        lambda content: content[:600] + bytes([content[600] ^ 1]) + content[601:],
        lambda _: b"",
        None,
    ]:
        if damage:
            (path,) = tmp_path.rglob("denoised-*")
            path.write_bytes(damage(path.read_bytes()))
        np.testing.assert_array_equal(_cached(shop, "diffsem", "training", compute), expected)
    assert len(computed) == 3
