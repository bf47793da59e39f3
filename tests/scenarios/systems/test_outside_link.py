"""A system of one's own may send over a link of its own, whose errors are told in one line."""

import sys
import types
from dataclasses import replace
from functools import partial

import pytest

from diffsem.link import InputError
from diffsem.scenarios import System, load_scenario
from diffsem.scenarios.links.wiretap import build_link
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.systems import clean_pair, shipped_systems


def fail(setup, encoder, legitimate, eavesdropper):
    raise KeyError("no such codebook")


@pytest.fixture
def planned(monkeypatch):
    """The plan of two systems behind one transmitter with that link."""

    def make(link):
        module = types.ModuleType("systems_of_mine")
        transmitter = replace(clean_pair.TRANSMITTER, name="mine", link=link)
        for name in ("first", "second"):
            system: System = replace(shipped_systems()["classifier"], name=name, transmitter=transmitter)
            setattr(module, name.upper(), system)
        monkeypatch.setitem(sys.modules, "systems_of_mine", module)
        listed = ["systems_of_mine:FIRST", "systems_of_mine:SECOND", "noise-aware"]
        return plan(load_scenario("mnist-quick", [f"legitimate.receivers={listed}"]))

    return make


@pytest.mark.parametrize("link", [fail, partial(fail)])
def test_an_error_of_its_link_is_told_in_one_line(link, planned):
    found = planned(link)
    (mine,) = (each for each in found.transmitters if each.name == "mine")
    with pytest.raises(
        InputError, match=r"legitimate\.receivers: systems_of_mine:FIRST: .*KeyError: 'no such codebook'"
    ) as error:
        build_link(found.setup, mine, None, found.channels)
    assert "\n" not in str(error.value)
    assert isinstance(error.value.__cause__, KeyError)


def test_systems_that_share_a_transmitter_still_do(planned):
    assert [each.name for each in planned(fail).transmitters] == ["mine", "clean-pair"]
