"""The systems that ship: each trains what it needs, and all of them together every network once."""

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.judges import shipped_judges
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.systems import default_systems, shipped_systems

# What a system asks of a scenario.
ASKED = {
    "digital": ["digital=[{bits: 4, modulation: qpsk, code_rate: 0.5}]"],
    "null-space-noise": [
        "legitimate.transmit_antennas=4",
        "legitimate.precoding=beam",
        "legitimate.channel={kind: rayleigh}",
    ],
}


def planned(*overrides):
    return plan(load_scenario("mnist-awgn", overrides))


def assert_workable(built):
    """Every stage stands behind those that make what it starts from, and all that is needed is made once."""
    written: list[str] = []
    for stage in built.stages:
        assert {network.name for network in stage.needs} <= set(written), stage.name
        written += [network.name for network in stage.writes]
    assert len(written) == len(set(written))
    assert {network.name for network in built.networks} <= set(written)
    return written


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_shipped_scenario_trains_what_it_needs_in_a_workable_order(name):
    assert_workable(plan(load_scenario(name)))


@pytest.mark.parametrize("solver", ["ddim", "distilled"])
@pytest.mark.parametrize("name", shipped_systems())
def test_a_system_s_own_stages_write_what_its_networks_need(name, solver):
    """No other system has to be there: but for the judge, whose stages are its own."""
    built = planned(
        f"legitimate.receivers=[{name}]",
        "eavesdropper.attacks=[]",
        f"denoising.solver={solver}",
        *ASKED.get(name, []),
    )
    assert_workable(built)
    (system,) = built.systems
    written = {network for stage in system.stages for network in stage.writes}
    assert {network for network in system.networks(built.setup) if network != built.setup.judge} <= written
    if system.transmitter is not None and system.transmitter.encoder.trained:
        assert system.transmitter.encoder in written
    # What its stages start from is written by them, too.
    assert {network for stage in system.stages for network in stage.needs} <= written


def test_all_systems_and_attacks_train_every_network_once():
    names = [name for name in shipped_systems() if name not in ASKED and name != "keyed-self-noise-scramble"]
    built = planned(
        f"legitimate.receivers=[{', '.join(names)}]",
        f"eavesdropper.attacks=[{', '.join(shipped_attacks())}]",
        "denoising.solver=distilled",
    )
    written = assert_workable(built)
    attacks = [name for name in written if "." in name]
    # Twelve transmitters and seven attacks that learn, and eight on jamming by a codebook, its own one among them; of
    # those on the reference pair a keyed one takes all but its own, and scrambles leave five and two of their own.
    assert len(attacks) == 12 * 7 + 8 + 1 + 7
    made = {
        network.name for system in shipped_systems().values() for stage in system.stages for network in stage.writes
    }
    judged = {network.name for judge in shipped_judges().values() for network in (judge.network, judge.clean)}
    assert set(written) - set(attacks) == made | judged


def test_every_network_and_transmitter_of_the_systems_has_one_name_and_one_recipe():
    stages = {stage for system in shipped_systems().values() for stage in system.stages}
    assert len({stage.name for stage in stages}) == len(stages)
    networks = {network for stage in stages for network in (*stage.writes, *stage.needs)}
    assert len({network.name for network in networks}) == len(networks)
    transmitters = {system.transmitter for system in shipped_systems().values() if system.transmitter}
    assert len({transmitter.name for transmitter in transmitters}) == len(transmitters)


def test_the_paper_s_systems_and_their_controls_are_compared_where_a_scenario_lists_none():
    assert default_systems() == (
        "classifier",
        "noise-aware",
        "noise-aware-pair",
        "one-step",
        "diffsem",
        "e-diffsem",
    )
