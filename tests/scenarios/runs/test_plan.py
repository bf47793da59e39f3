"""A scenario's words, resolved into objects: what is shared, what is checked, and what is imported."""

import sys

import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.reading import plan_of_file, read_without_imports
from diffsem.scenarios.runs.resolving import outside_parts, plan
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.systems import default_systems, shipped_systems


def planned(*overrides, scenario="mnist-quick"):
    return plan(load_scenario(scenario, overrides))


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


OWN = """
from dataclasses import replace
from diffsem.scenarios.systems import shipped_systems

CLASSIFIER = shipped_systems()["classifier"]
MINE = replace(CLASSIFIER, name="mine")
TWIN = replace(CLASSIFIER, name="mine", title="another")
TAKEN = replace(CLASSIFIER, name="diffsem")
NEITHER = replace(CLASSIFIER, name="neither", receiver=None)
PICKY = replace(CLASSIFIER, name="picky", check=lambda setup: refuse())
BROKEN = replace(CLASSIFIER, name="broken", networks=lambda setup: 1 / 0)

def refuse():
    raise ValueError("legitimate.snr_db: too low; allowed: 20 dB")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Systems of one's own beside a scenario, which lists those that are given: gives the scenario's file."""
    module = f"own_systems_{tmp_path.name.replace('-', '_')}"

    def write(*listed):
        (tmp_path / f"{module}.py").write_text(OWN)
        names = ", ".join(f"'{module}:{name}'" for name in listed)
        text = f"name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {{snr_db: [15], receivers: [{names}]}}\n"
        (tmp_path / "mine.yaml").write_text(text + "eavesdropper: {attacks: [linear-probe]}\n")
        return tmp_path / "mine.yaml"

    monkeypatch.setattr(sys, "path", list(sys.path))
    yield write
    sys.modules.pop(module, None)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_plan_has_all_that_its_scenario_lists(name):
    words = load_scenario(name)
    resolved = plan(words)
    assert tuple(system.name for system in resolved.systems) == words.legitimate.receivers
    listed = {entry.attack for entry in words.eavesdropper.attacks}
    assert {each.attack.method.name for each in resolved.attacks} <= listed
    assert resolved.outside == ()
    # Once more resolved, the words with all defaults filled in are the same.
    assert plan(resolved.scenario).scenario == resolved.scenario


def test_systems_share_transmitters_attacks_and_networks():
    resolved = planned("legitimate.receivers=[classifier, diffsem, e-diffsem]", "eavesdropper.attacks=[linear-probe]")
    assert [transmitter.name for transmitter in resolved.transmitters] == ["clean-pair"]
    assert len(resolved.attacks) == 1
    names = [network.name for network in resolved.networks]
    assert len(names) == len(set(names))
    assert "strong-classifier" not in names


def test_attacks_are_run_where_they_make_sense():
    resolved = planned(
        "legitimate.receivers=[classifier, direct, keyed-scramble]",
        "eavesdropper.attacks=[as-heard, sorted-magnitudes, denoise-invert]",
        scenario="mnist-awgn",
    )
    found = {(each.transmitter.name, each.attack.name) for each in resolved.attacks}
    assert ("direct", "as-heard") in found
    assert ("clean-pair", "as-heard") not in found
    assert ("keyed-scramble", "sorted-magnitudes") in found
    assert ("keyed-scramble", "denoise-invert") not in found
    assert ("clean-pair", "denoise-invert") in found


def test_only_listed_transmitters_are_attacked():
    resolved = planned(
        "legitimate.receivers=[classifier, noise-aware-pair]",
        "eavesdropper.attacks=[{attack: linear-probe, transmitters: [noise-aware-pair]}]",
    )
    assert [each.transmitter.name for each in resolved.attacks] == ["noise-aware-pair"]


def test_what_compares_by_default_is_what_a_scenario_without_receivers_compares(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {snr_db: [15]}\n")
    assert tuple(system.name for system in plan_of_file(file).systems) == default_systems()
    assert set(default_systems()) <= set(shipped_systems())


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["legitimate.receivers=[diffsme]"], ["legitimate.receivers: diffsme: unknown", "did you mean diffsem?"]),
        (["eavesdropper.attacks=[linear-prob]"], ["eavesdropper.attacks: linear-prob: unknown", "linear-probe?"]),
        (["eavesdropper.judge=strong-clasifier"], ["eavesdropper.judge: strong-clasifier: unknown", "strong-class"]),
        (["legitimate.receivers=[null-space-noise]"], ["null-space-noise", "antennas"]),
        (["legitimate.receivers=[keyed-self-noise]", "denoising.step=transmitter"], ["keyed-self-noise", "step"]),
        (
            ["eavesdropper.attacks=[{attack: linear-probe, transmitters: [clean-pear]}]"],
            ["linear-probe: transmitters: clean-pear: unknown", "did you mean clean-pair?"],
        ),
        (["compression=65"], ["compression: 65: "]),
    ],
)
def test_parts_that_are_not_there_or_do_not_go_together_are_told_when_the_file_is_read(overrides, words):
    message = refusal(lambda: load_scenario("mnist-quick", overrides))
    for word in words:
        assert word in message


def test_a_schedule_of_ones_own_is_everybodys():
    resolved = planned("schedule.steps=1000", "schedule.kind=cosine", "eavesdropper.attacks=[denoise-invert]")
    assert resolved.setup.schedule.steps == 1000
    assert {each.target.schedule for each in resolved.attacks} == {resolved.scenario.schedule}


def test_a_system_of_ones_own_is_planned_with_its_file(own, tmp_path):
    file = own("MINE")
    words, without = read_without_imports(file)
    assert not any(name.startswith("own_systems") for name in sys.modules)
    assert without.systems == ()
    (reference,) = outside_parts(words)
    told = []
    resolved = plan_of_file(file, before_imports=lambda: told.append("imports"))
    assert told == ["imports"]
    assert [system.name for system in resolved.systems] == ["mine"]
    assert [(source.reference, source.file.parent) for source in resolved.outside] == [(reference, tmp_path)]
    assert "encoder" in {network.name for network in resolved.networks}


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (["MINE", "TWIN"], ["two systems are named mine"]),
        (["TAKEN"], ["its name 'diffsem' is a shipped one's"]),
        (["NEITHER"], ["has a receiver and digital links, or neither"]),
        (["PICKY"], [":PICKY: legitimate.snr_db: too low; allowed: 20 dB"]),
        (["BROKEN"], [":BROKEN: ", ".py:", "ZeroDivisionError"]),
        (["CLASSIFIER", "MINE"], ["its name 'classifier' is a shipped one's"]),
        (["OWN"], ["AttributeError"]),
        (["replace"], ["is function; allowed: diffsem.scenarios.System"]),
    ],
)
def test_a_system_of_ones_own_that_cannot_be_is_told_in_one_line(listed, words, own):
    file = own(*listed)
    message = refusal(lambda: plan_of_file(file))
    assert "legitimate.receivers" in message
    for word in words:
        assert word in message
