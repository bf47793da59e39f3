"""A system that a scenario names: one that ships, or one from outside of the package."""

import sys
import types
from dataclasses import replace

import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.systems import find_system, shipped_systems

SHIPPED = shipped_systems()["classifier"]


@pytest.fixture
def outside(monkeypatch):
    """Put a system like the shipped classifier into a module from outside of the package: gives its module:NAME."""

    def put(**fields):
        module = types.ModuleType("system_of_mine")
        module.MINE = replace(SHIPPED, **{"name": "mine"} | fields)
        monkeypatch.setitem(sys.modules, "system_of_mine", module)
        return "system_of_mine:MINE"

    return put


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_shipped_system_is_found_as_it_is_and_one_from_outside_with_its_source(outside):
    assert find_system("classifier").part is SHIPPED
    name = outside()
    found = find_system(name)
    assert (found.part.name, found.source.reference) == ("mine", name)
    assert find_system(name).part is found.part


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "diffsem"}, "its name 'diffsem' is a shipped one's"),
        ({"name": "a.b"}, "its name 'a.b' is a shipped one's, empty, or holds"),
        ({"receiver": None}, "has a receiver and digital links, or neither"),
        ({"transmitter": "clean-pair"}, "its transmitter 'clean-pair'; allowed: diffsem.scenarios.TransmitterSpec"),
        ({"stages": list(SHIPPED.stages)}, "allowed: a tuple of diffsem.scenarios.Stage"),
        ({"stages": ("pair",)}, "its stages ('pair',); allowed: a tuple of diffsem.scenarios.Stage"),
        ({"colour": ["#000000"]}, "TypeError: unhashable type: 'list'"),
    ],
)
def test_what_a_system_from_outside_cannot_be_is_told(fields, words, outside):
    name = outside(**fields)
    message = refusal(lambda: find_system(name))
    assert message.startswith(f"legitimate.receivers: {name}: ")
    assert words in message


def test_networks_that_are_none_are_told(outside):
    name = outside(networks=lambda setup: ["classifier"])
    scenario = load_scenario("mnist-quick", [f"legitimate.receivers=['{name}']"])
    assert "its networks ['classifier']; allowed: calls for an image by" in refusal(lambda: plan(scenario))
