"""Which stages a scenario trains, ordered by what they start from."""

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.runs.ordering import stages_for
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.systems import shipped_systems

EVERYTHING = [
    "legitimate.receivers=[classifier, noise-aware, noise-aware-pair, one-step, diffsem, e-diffsem, ibal, ibal-d, "
    "direct, permutation, reference, reference-one-step, keyed-self-noise, keyed-scramble]",
    f"eavesdropper.attacks=[{', '.join(shipped_attacks())}]",
    "denoising.solver=distilled",
]


def names(*overrides):
    return {stage.name for stage in plan(load_scenario("mnist-awgn", overrides)).stages}


def assert_workable(scenario):
    planned, written = plan(scenario), []
    for stage in planned.stages:
        assert {network.name for network in stage.needs} <= set(written), stage.name
        written += [network.name for network in stage.writes]
    assert len(written) == len(set(written))
    assert {network.name for network in planned.networks} <= set(written)
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
    made = {
        network.name for system in shipped_systems().values() for stage in system.stages for network in stage.writes
    }
    assert set(written) - set(attacks) == made | {"strong-classifier", "strong-classifier-clean"}


def test_a_smaller_scenario_trains_only_what_it_needs():
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[]") == {"pair"}
    assert names("legitimate.receivers=[noise-aware-pair]", "eavesdropper.attacks=[]") == {"noise-aware-pair"}
    assert names("legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]") == {
        "pair",
        "denoiser-label",
        "noise-aware",
        "e-diffsem",
    }
    assert names("legitimate.receivers=[classifier]", "eavesdropper.attacks=[inversion-mlp]") == {
        "pair",
        "clean-pair.inversion-mlp",
        "strong-classifier-clean",
        "strong-classifier",
    }
    # Labels need no judge, pictures always do.
    assert names("legitimate.receivers=[ibal]", "eavesdropper.attacks=[linear-probe]") == {"ibal", "ibal.linear-probe"}
    assert names("legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]") == {
        "strong-classifier-clean",
        "strong-classifier",
    }


def test_what_sounds_the_same_is_attacked_by_the_same_networks():
    def attacked(*overrides):
        planned = plan(load_scenario("mnist-keyed-scramble", overrides))
        return [network.name for network in planned.networks if "." in network.name]

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


def spec(name):
    return NetworkSpec(name, lambda dimensions: None)


def stage(writes, *needs):
    return Stage(f"make {writes}", (spec(writes),), tuple(map(spec, needs)), lambda session: {})


def test_stages_are_ordered_by_what_they_need_wherever_they_are_listed():
    known = [stage("d", "b", "c"), stage("unwanted", "a"), stage("c", "a"), stage("b", "a"), stage("a")]
    order = [each.name for each in stages_for([spec("d")], known)]
    assert set(order) == {"make a", "make b", "make c", "make d"}
    assert order[0] == "make a"
    assert order[-1] == "make d"


def test_stages_that_need_each_other_are_no_order():
    with pytest.raises(ValueError, match="cycle"):
        stages_for([spec("a")], [stage("a", "b"), stage("b", "a")])
