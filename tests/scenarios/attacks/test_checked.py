"""Attacks from outside of the package: what they start from, and what they cost."""

import sys

import pytest

from diffsem.link import InputError
from diffsem.models.costs import NetworkCost
from diffsem.scenarios.attacks import attacks_before, listed_attacks, shipped_attacks
from diffsem.scenarios.contracts.attack import Target
from diffsem.scenarios.schema.nodes import Eavesdropper

TARGET = Target((8, 8, 1), (28, 28, 1), 10, pixel_rms=0.329)

HEAD = """
import keras
from diffsem.scenarios import AttackMethod

def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    return keras.Model([received, time], keras.layers.Dense(target.classes)(keras.layers.Flatten()(received)))

def train(eavesdropping, model):
    return [{"epoch": 0, "seconds": 1.0}]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of one's own: gives what an eavesdropper's words say that lists its MINE."""
    names = []

    def write(body, *others):
        name = f"mine_{tmp_path.name.replace('-', '_')}_{len(names)}"
        names.append(name)
        (tmp_path / f"{name}.py").write_text(f"{HEAD}\n{body}\n")
        return Eavesdropper.model_validate({"attacks": [f"{name}:{part}" for part in ("MINE", *others)]})

    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    yield write
    for name in names:
        sys.modules.pop(name, None)


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ('AttackMethod("mine", "label", build, train, after=("linear-probe",))', "its after ('linear-probe',)"),
        ('AttackMethod("mine", "label", build, train, after=[])', "its after []"),
        ('AttackMethod("mine", "label", build, train, after=([],))', "its after ([],)"),
        ('AttackMethod("mine", "label", build, train, storage=3)', "its storage 3"),
        (
            'AttackMethod("mine", "label", build, train, after=(AttackMethod("linear-probe", "label", build, train),))',
            "its name 'linear-probe' is a shipped one's",
        ),
    ],
)
def test_an_attack_that_says_what_cannot_be_ends_in_one_line(made, words, module):
    eavesdropper = module(f"MINE = {made}")
    assert words in refusal(lambda: listed_attacks(eavesdropper))


def test_an_error_of_a_cost_names_the_attack(module):
    eavesdropper = module('MINE = AttackMethod("mine", "label", build, train, cost=lambda target: 1 / 0)')
    (attack,) = listed_attacks(eavesdropper)
    message = refusal(lambda: attack.method.cost(TARGET))
    assert message.startswith(f"eavesdropper.attacks: {eavesdropper.attacks[0].attack}: ")
    assert "ZeroDivisionError" in message


def test_a_cost_of_another_kind_is_told(module):
    (attack,) = listed_attacks(module('MINE = AttackMethod("mine", "label", build, train, cost=lambda target: 3)'))
    assert "its cost gives int; allowed: diffsem.models.costs.NetworkCost" in refusal(
        lambda: attack.method.cost(TARGET)
    )
    told = 'MINE = AttackMethod("mine", "label", build, train, cost=lambda target: NetworkCost(1.0))'
    (attack,) = listed_attacks(module(f"from diffsem.models.costs import NetworkCost\n{told}"))
    assert attack.method.cost(TARGET) == NetworkCost(1.0)


AFTER = """
from diffsem.scenarios.attacks import shipped_attacks

FIRST = AttackMethod("first", "label", build, lambda *both: [])
MINE = AttackMethod("mine", "label", build, train, after=(FIRST, shipped_attacks()["linear-probe"]))
OTHER = AttackMethod("other", "label", build, train, after=(AttackMethod("first", "image", build, train),))
"""


def test_an_attack_may_start_from_shipped_attacks_and_from_others_of_ones_own(module):
    (attack,) = listed_attacks(module(AFTER))
    first, shipped = attacks_before(attack)
    assert (first.name, shipped.name) == ("first", "linear-probe")
    assert (first.outside, first.source) == (attack.outside, attack.source)
    assert shipped.method is shipped_attacks()["linear-probe"]
    assert shipped.outside is None
    # Guarded as the one that it is for is.
    assert "gives no history" in refusal(lambda: first.method.train(None, None))


def test_an_attack_that_another_starts_from_shares_no_name_with_a_third(module):
    words = module(AFTER, "OTHER")
    assert "two attacks are named first; names must differ" in refusal(lambda: listed_attacks(words))
