"""The attacks that a scenario lists: their names, and what cannot be listed."""

import sys
import types

import pytest

from diffsem.link import InputError
from diffsem.scenarios import AttackMethod, load_scenario
from diffsem.scenarios.attacks import attacks_before, listed_attacks, shipped_attacks


def listed(attacks, *overrides):
    return listed_attacks(load_scenario("mnist-quick", [f"eavesdropper.attacks={attacks}", *overrides]).eavesdropper)


def names(attacks, *overrides):
    return [attack.name for attack in listed(attacks, *overrides)]


def refusal(attacks):
    with pytest.raises(InputError) as error:
        names(attacks)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def outside(monkeypatch):
    """Put objects into a module from outside of the package, `mine`, by their names."""

    def put(**objects):
        module = types.ModuleType("mine")
        vars(module).update(objects)
        monkeypatch.setitem(sys.modules, "mine", module)

    return put


def method(name="guess", after=(), **fields):
    return AttackMethod(name, "label", shipped_attacks()["linear-probe"].build, None, after=after, **fields)


def test_options_that_are_not_the_default_are_in_the_name():
    assert names("[inversion-mlp]") == ["inversion-mlp"]
    assert names("[{attack: inversion-mlp, knows_step: false}, inversion-mlp]") == [
        "inversion-mlp+blind",
        "inversion-mlp",
    ]
    surrogate = "eavesdropper.surrogate={images: digits, share: 0.5}"
    assert names("[task-classifier]", surrogate) == ["task-classifier+digits+0.5"]
    # An attack's own key goes before the eavesdropper's.
    assert names("[{attack: linear-probe, knows_step: true}]", "eavesdropper.knows_step=false") == ["linear-probe"]


def test_two_attacks_of_one_name_are_refused():
    message = refusal("[inversion-mlp, {attack: inversion-mlp, knows_step: true}]")
    assert message.endswith("eavesdropper.attacks: two attacks are named inversion-mlp; names must differ")


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ("inversion-mpl", "did you mean inversion-mlp"),
        ("mind-reading", "module:NAME"),
        ("nowhere.at.all:ATTACK", "No module named"),
        ("math:pi", "math:pi: is float; allowed: diffsem.scenarios.AttackMethod"),
        ("math:tau_of_mine", "no attribute"),
    ],
)
def test_an_attack_that_is_not_there_ends_in_one_line(attack, words):
    message = refusal(f"['{attack}']")
    assert f"eavesdropper.attacks: {attack}: " in message
    assert words in message


@pytest.mark.parametrize("name", ["inversion-mlp", "mine+better", "a.b", "a/b", "", 7])
def test_an_attack_from_outside_cannot_take_a_shipped_or_a_broken_name(name, outside):
    outside(METHOD=method(name))
    assert f"mine:METHOD: its name {name!r} is a shipped one's" in refusal("['mine:METHOD']")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"output": "sound"}, "its output 'sound'; allowed: image, label"),
        ({"after": ["linear-probe"]}, "its after ['linear-probe']; allowed: a tuple of diffsem.scenarios.AttackMethod"),
        ({"storage": "coarse"}, "its storage 'coarse'; allowed: diffsem.scenarios.Storage"),
    ],
)
def test_what_an_attack_from_outside_cannot_be_is_told(fields, words, outside):
    build = shipped_attacks()["linear-probe"].build
    outside(METHOD=AttackMethod(**{"name": "guess", "output": "label", "build": build, "train": None} | fields))
    assert refusal("['mine:METHOD']") == f"eavesdropper.attacks: mine:METHOD: {words}"


def test_an_attack_from_outside_is_one_object_however_often_it_is_listed(outside):
    outside(METHOD=method())
    first, second = listed("['mine:METHOD', {attack: 'mine:METHOD', knows_step: false}]")
    assert first.method is second.method
    assert [first.outside, second.outside] == ["mine:METHOD"] * 2


def test_what_an_attack_comes_after_has_its_options_and_its_origin(outside):
    outside(METHOD=method(after=(method("first"), shipped_attacks()["linear-probe"])))
    (attack,) = listed("[{attack: 'mine:METHOD', knows_step: false}]", "eavesdropper.surrogate={share: 0.5}")
    before = attacks_before(attack)
    assert [each.name for each in before] == ["first+blind+0.5", "linear-probe+blind+0.5"]
    assert [each.outside for each in before] == ["mine:METHOD", None]


def test_an_attack_that_another_one_starts_from_cannot_share_its_name_with_a_listed_one(outside):
    outside(ONE=method("second", after=(method("first"),)), OTHER=method("first", adaptive=True))
    assert "two attacks are named first" in refusal("['mine:ONE', 'mine:OTHER']")
