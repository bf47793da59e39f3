"""Each shipped attack passes what every attack has to, and one that asks for more does not."""

import sys
import types

import keras
import numpy as np
import pytest
from PIL import Image

from diffsem.scenarios import AttackMethod
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.testing import run_attack_test

QUICK = "linear-probe"
# On what else than the features of MNIST an attack makes sense.
ELSEWHERE = {
    "direct": ("as-heard",),
    "keyed-self-noise-scramble": ("sorted-magnitudes", "sorted-looks", "pad-dictionary"),
    "colours": ("inversion-residual", "residual-classifier"),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of the pair and its judge, and of whatever attacks them: the two are trained once."""
    return tmp_path_factory.mktemp("trained")


@pytest.mark.slow
def test_a_linear_probe(trained, tmp_path):
    (tmp_path / "weights").symlink_to(trained)
    rows = run_attack_test(QUICK, tmp_path)
    assert set(rows["attack"]) == {"", QUICK}


@pytest.mark.slow
def test_all_on_one_transmitter(trained, tmp_path):
    (tmp_path / "weights").symlink_to(trained)
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    rest = [name for name in shipped_attacks() if name not in {QUICK, *elsewhere}]
    assert len(rest) == len(shipped_attacks()) - 1 - len(elsewhere)
    run_attack_test(rest, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("system", [system for system in ELSEWHERE if system != "colours"])
def test_those_that_are_for_other_transmitters(system, tmp_path):
    run_attack_test(ELSEWHERE[system], tmp_path, ["training.images=2000"], system=system)


@pytest.mark.slow
def test_few_images_are_sent_again_until_a_dictionary_of_pads_is_full(tmp_path):
    """Some two hundred, three in ten of which are heard at a late step, of 64 pads."""
    run_attack_test("pad-dictionary", tmp_path, system="keyed-self-noise")


@pytest.mark.slow
def test_those_for_colours(tmp_path, rng):
    place = tmp_path / "pictures"
    for label in range(2):
        (place / f"{label}").mkdir(parents=True)
        for number in range(200):
            picture = np.clip(rng.normal(80 + 90 * label, 30, (16, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(place / f"{label}" / f"{number}.png")
    dataset = f"dataset={{folder: '{place}', image_size: 16}}"
    run_attack_test(ELSEWHERE["colours"], tmp_path / "trained", [dataset])


def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    return keras.Model([received, time], keras.layers.Dense(target.classes)(keras.layers.Flatten()(received)))


def ask_for_more(eavesdropping, model):
    return eavesdropping.session


def learn_nothing(eavesdropping, model):
    return [{"epoch": 0, "seconds": 1.0, "val_loss": 1.0}]


@pytest.mark.parametrize(
    ("train", "applies", "words"),
    [
        (ask_for_more, True, "mine: asks for session; allowed: name, knows_step"),
        (learn_nothing, True, "mine: its network is as it was before it was trained"),
        (learn_nothing, False, "against classifier, attacks_of_mine:MINE does not apply"),
    ],
)
def test_one_that_does_what_it_may_not_is_found_out(train, applies, words, tmp_path, monkeypatch):
    module = types.ModuleType("attacks_of_mine")
    module.MINE = AttackMethod("mine", "label", build, train, applies=lambda target: applies)
    monkeypatch.setitem(sys.modules, "attacks_of_mine", module)
    with pytest.raises(Exception, match=words):
        run_attack_test("attacks_of_mine:MINE", tmp_path)
