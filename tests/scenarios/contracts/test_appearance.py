import json

import pytest

from diffsem.link import InputError
from diffsem.scenarios.contracts.appearance import (
    ATTACKS,
    SYSTEMS,
    attack_appearances,
    attack_attributes,
    system_appearances,
    system_attributes,
)
from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.system import System, TransmitterSpec
from diffsem.scenarios.schema.nodes import Surrogate


def system(name="vq", title="vector quantiser", colour="#123456", transmitter=None, **more):
    return System(name, title, colour, transmitter, networks=lambda setup: {}, **more)


def transmitter(**more):
    return TransmitterSpec("vq", NetworkSpec("encoder-vq", lambda dimensions: None), **more)


def test_a_tables_attribute_says_how_a_system_appears():
    (entry,) = json.loads(system_attributes([system(transmitter=transmitter(), one_call=True)])).values()
    assert entry == {
        "title": "vector quantiser",
        "colour": "#123456",
        "one_call": True,
        "transmitter": {"name": "vq", "title": None, "sends_feature": True},
    }


def test_a_transmitter_of_pixels_sends_no_feature():
    pixels = transmitter(sent_shape=lambda dimensions: dimensions.image_shape, title="Direct")
    shown = system_appearances([system(transmitter=pixels)])["vq"].transmitter
    assert (shown.title, shown.sends_feature) == ("Direct", False)


@pytest.mark.parametrize("wrong", [{"colour": "blue"}, {"colour": "#12345"}, {"title": ""}, {"title": 3}])
def test_a_title_or_colour_that_is_none_ends_in_one_line(wrong):
    (key,) = wrong
    with pytest.raises(InputError, match=rf"^system vq: {key}: .*allowed: a title .* a colour #RRGGBB$"):
        system_attributes([system(**wrong)])


@pytest.mark.parametrize(
    ("knows_step", "surrogate", "papers"),
    [(False, {}, True), (True, {}, True), (False, {"share": 0.1}, False), (False, {"images": "digits"}, False)],
)
def test_the_papers_attacker_learns_from_all_surrogate_images(knows_step, surrogate, papers):
    method = AttackMethod("a", "image", lambda target: None, lambda eavesdropping, model: [], papers=True)
    (attack,) = attack_appearances([ListedAttack(method, knows_step, Surrogate(**surrogate))]).values()
    assert (attack.papers, attack.knows_step, attack.learns) == (papers, knows_step, True)


def test_an_attack_is_stored_under_the_name_of_its_rows():
    method = AttackMethod("a", "image", lambda target: None, None, papers_rank=2)
    stored = json.loads(attack_attributes([ListedAttack(method, False, Surrogate())]))
    assert stored == {"a+blind": {"papers": False, "papers_rank": 2, "knows_step": False, "learns": False}}


def test_what_is_written_is_what_is_read():
    systems = [system(), system("other", transmitter=transmitter(title="x"))]
    assert SYSTEMS.validate_json(system_attributes(systems)) == system_appearances(systems)
    attacks = [ListedAttack(AttackMethod("a", "label", lambda target: None, None), True, Surrogate())]
    assert ATTACKS.validate_json(attack_attributes(attacks)) == attack_appearances(attacks)
