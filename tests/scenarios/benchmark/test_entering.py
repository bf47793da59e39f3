"""Entries: who is entered, under which threats, and that numbers are those of the tables behind."""

import json
import math
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from diffsem.link import InputError, min_entropy_leakage, read_results
from diffsem.scenarios import Entry, shipped_systems
from diffsem.scenarios.benchmark import entering
from diffsem.scenarios.benchmark.entering import Benchmark, candidates, check_controls, write_entries
from diffsem.scenarios.benchmark.threats import THREATS
from diffsem.scenarios.reporting.statistics import strongest_adversary

IMAGES = 256
CONTROLS = {"reference+no-defence", "keyed-self-noise+weak-generator"}


def test_controls_are_part_of_every_run():
    assert {each.name for each in candidates(["min-max"])} == {"min-max", *CONTROLS}
    everything = candidates()
    assert {each.name for each in everything if each.entry.control} == CONTROLS
    assert len({each.name for each in everything}) == len(everything) >= 14
    # Four defences of other papers at least, each next to what its paper says.
    published = [each for each in everything if "published" in each.system.receiver.__module__]
    assert len(published) >= 4
    assert all(each.entry.claim for each in everything)


def test_a_system_of_one_s_own_is_entered_as_it_is(monkeypatch):
    own = replace(shipped_systems()["noise-aware"], name="own", entries=())
    module = ModuleType("my_systems")
    module.OWN = own
    monkeypatch.setitem(sys.modules, "my_systems", module)
    (first, *_) = candidates(["my_systems:OWN"])
    assert (first.name, first.listed, first.entry) == ("own", "my_systems:OWN", Entry())


@pytest.mark.parametrize(
    ("name", "said"),
    [("min-maks", "did you mean min-max?"), ("digital", "attacks hear nothing of a digital link")],
)
def test_who_cannot_be_entered_is_told_in_one_line(name, said):
    with pytest.raises(InputError) as error:
        candidates([name])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_key_can_be_known_of_transmissions_that_have_one():
    (tenth,) = [threat for threat in THREATS if threat.needs_key]
    threatened = {
        name for name, system in shipped_systems().items() if system.transmitter and tenth.threatens(system.transmitter)
    }
    assert threatened == {"keyed-self-noise", "coded-jamming"}


@pytest.fixture(scope="module")
def entered(tmp_path_factory):
    """One system under two threats, twice in folders of their own: the entries, and the folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entering, "THREATS", (THREATS[0], THREATS[-1]))
        (candidate,) = [each for each in candidates(["noise-aware-pair"]) if not each.entry.control]
        found = []
        for run in range(2):
            folder = tmp_path_factory.mktemp(f"run{run}")
            made = Benchmark(folder / "entries", folder / "work", IMAGES)
            (path,) = write_entries(made.enter([candidate]), made.folder)
            found.append((path, folder / "work" / "tables"))
    return found


@pytest.mark.slow
def test_two_runs_give_the_same_entries(entered):
    (one, _), (other, _) = entered
    assert one.read_bytes() == other.read_bytes()
    assert one.name == "noise-aware-pair.json"


@pytest.mark.slow
def test_an_entry_is_what_its_tables_say(entered):
    (path, tables), _ = entered
    entry = json.loads(path.read_text())
    assert (entry["images"], entry["timestep"], entry["control"]) == (IMAGES, 240, False)
    assert entry["command"].startswith("diffsem benchmark noise-aware-pair")
    for name, threat in entry["threats"].items():
        (file,) = tables.glob(f"{name}-*.h5")
        rows = read_results(file)
        adversaries = rows[rows["node"] == "adversary"]
        strongest = strongest_adversary(rows).iloc[0]
        assert threat["accuracy"] == round(strongest["accuracy"], 4)
        assert threat["low"] < threat["accuracy"] < threat["high"]
        assert set(threat["attacks"]) == set(adversaries["attack"])
        assert threat["bits"][0] == adversaries["leaked_bits"].max()
        if name == "equal-snr":
            own = rows[rows["node"] == "receiver"].iloc[0]
            assert entry["receiver"]["accuracy"] == round(own["accuracy"], 4)
            assert entry["weights_sha256"] == rows.attrs["weights_sha256"]
    assert set(entry["threats"]["white-box"]["attacks"]) == {"known-weights"}


@pytest.mark.slow
def test_bounds_of_information_obey_their_inequalities(entered):
    """Bits are below those of a label and of the channel; 32 uses of 15 dB carry 32 log2(1 + 10^1.5) = 160.9."""
    entry = json.loads(entered[0][0].read_text())
    for threat in entry["threats"].values():
        assert threat["bits"][1] <= threat["bits"][0] <= threat["bits"][2] <= math.log2(10)
        assert threat["bits"][0] <= threat["capacity_bits"] == pytest.approx(32 * np.log2(1 + 10**1.5), rel=1e-4)
        # Of guessing in one try, against the largest class of these images: no more than the inverse of its share.
        assert 0 < threat["min_entropy_bits"] < min_entropy_leakage(1.0, 0.1)


def test_systems_of_one_transmitter_are_swept_apart():
    """A white box would have the receivers of both, and an entry would hang on what stands beside it."""
    entered = candidates(["diffsem", "noise-aware", "e-diffsem", "noise-aware-pair"])
    groups = [sorted(each.name for each in group) for group in entering._swept_together(entered)]
    assert ["diffsem", "noise-aware-pair"] in groups
    assert ["e-diffsem"] in groups
    assert ["noise-aware"] in groups
    assert sorted(name for group in groups for name in group) == sorted(each.name for each in entered)


def test_a_control_that_is_not_read_ends_the_run(entry):
    check_controls([entry("mine", read=(0.1, 0.1)), entry("open", read=(0.6, 0.1), control=True)])
    with pytest.raises(InputError, match=r"control shut: the strongest attack reads 40\.0%; allowed: 50% or more"):
        check_controls([entry("shut", read=(0.4, 0.3), control=True)])


def test_a_folder_that_cannot_be_written_is_one_line(entry, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"benchmark folder .*file: cannot be written"):
        write_entries([entry("mine")], tmp_path / "file")
