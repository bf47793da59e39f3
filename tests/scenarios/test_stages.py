from diffsem.scenarios import load_scenario
from diffsem.scenarios.assembly import networks_for
from diffsem.scenarios.networks import NETWORKS
from diffsem.scenarios.stages import required_stages


def names(overrides=()):
    return [stage.name for stage in required_stages(load_scenario("mnist-awgn", list(overrides)))]


def test_the_full_scenario_trains_every_network_once_in_a_workable_order():
    stages = required_stages(load_scenario("mnist-awgn", ["denoising.solver=distilled"]))
    written: list[str] = []
    for stage in stages:
        assert set(stage.needs) <= set(written), stage.name
        written += stage.writes
    assert sorted(written) == sorted(NETWORKS)
    assert set(networks_for(load_scenario("mnist-awgn", ["denoising.solver=distilled"]))) <= set(written)
    assert set(networks_for(load_scenario("mnist-awgn"))) <= set(written)


def test_a_smaller_scenario_trains_only_what_it_needs():
    assert names(["legitimate.receivers=[classifier]", "eavesdropper.attacks=[]"]) == ["pair"]
    assert names(["legitimate.receivers=[noise-aware-pair]", "eavesdropper.attacks=[]"]) == ["noise-aware-pair"]
    assert names(["legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]"]) == [
        "pair",
        "denoiser-label",
        "noise-aware",
        "e-diffsem",
    ]
    assert names(["legitimate.receivers=[classifier]"]) == ["pair", "inversion-mlp", "strong-classifier"]
