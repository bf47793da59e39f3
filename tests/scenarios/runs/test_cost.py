import contextlib
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffsem.channels import ofdm
from diffsem.link import Experiment, InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.datasets.splitting import PAIR_SHARE
from diffsem.scenarios.runs.cost import affordable, links, sweep, training
from diffsem.scenarios.runs.cost.affordable import affordable_sweep, affordable_training
from diffsem.scenarios.runs.cost.machine import Machine, this_machine
from diffsem.scenarios.runs.cost.sweep import cost_of
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import run_plan
from diffsem.scenarios.runs.train import train_plan
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.systems import shipped_systems

GIB = 2**30
SMALL = Machine(cores=2, memory=24 * GIB)
WITHOUT_RULE = ["monte_carlo.target_errors=null", "monte_carlo.ci_half_width=null"]
QUIET = ["eavesdropper.attacks=[]"]
ATTACKED = ["eavesdropper.attacks=[inversion-mlp, inversion-conv, task-classifier]"]
# All that one antenna is enough for.
SYSTEMS = sorted(shipped_systems().keys() - {"null-space-noise"})
BITS = ["legitimate.snr_db=[10]", "legitimate.receivers=[]"]


def planned(name, overrides=()):
    return plan(load_scenario(name, overrides))


@pytest.fixture(autouse=True)
def small_machine(monkeypatch):
    monkeypatch.setattr(affordable, "this_machine", lambda: SMALL)


# Resident memory at its peak, GiB, of sweeps on two cores.
@pytest.mark.parametrize(
    ("scenario", "overrides", "measured"),
    [
        ("mnist-quick", ["monte_carlo.batch_size=32", "legitimate.receivers=[diffsem]", *QUIET], 1.02),
        ("mnist-quick", ["monte_carlo.batch_size=2048", "legitimate.receivers=[diffsem]", *QUIET], 1.64),
        ("mnist-quick", ["monte_carlo.batch_size=4096", "legitimate.receivers=[classifier]", *ATTACKED], 1.26),
        ("mnist-digital", ["monte_carlo.batch_size=4096", "legitimate.receivers=[digital]", "digital=[{}]"], 2.53),
        (
            "mnist-digital",
            ["monte_carlo.batch_size=1024", "bit_error_rates=[{code_rate: 0.5, information_bits: 4096}]", *BITS],
            2.14,
        ),
        (
            "mnist-digital",
            ["monte_carlo.batch_size=1024", "bit_error_rates=[{modulation: bpsk, information_bits: 100000}]", *BITS],
            7.88,
        ),
        (
            "mnist-tdl",
            [
                "monte_carlo.batch_size=4096",
                "legitimate.receivers=[classifier]",
                "eavesdropper.attacks=[task-classifier]",
            ],
            1.77,
        ),
    ],
)
def test_memory_of_measured_sweeps_comes_out_within_a_factor_of_two(scenario, overrides, measured):
    needed = cost_of(planned(scenario, [*overrides, *WITHOUT_RULE])).need.memory / GIB
    assert measured / 2 < needed < measured * 2


# Seconds of processor time of sweeps on cores whose relative speed is 1.16.
@pytest.mark.parametrize(
    ("scenario", "overrides", "measured"),
    [
        ("mnist-quick", [], 44.0),
        ("mnist-quick", ["monte_carlo.max_images=256"], 21.0),
        ("mnist-quick", ["monte_carlo.max_images=4096"], 131.8),
        ("mnist-quick", ["monte_carlo.max_images=2048", "legitimate.receivers=[diffsem]", *QUIET], 31.8),
        ("mnist-quick", ["monte_carlo.max_images=2048", "legitimate.receivers=[e-diffsem]", *QUIET], 37.8),
        ("mnist-quick", ["monte_carlo.max_images=4096", "legitimate.receivers=[classifier]"], 12.2),
        ("mnist-digital", ["monte_carlo.max_images=512"], 26.2),
        ("mnist-tdl", ["monte_carlo.max_images=512"], 61.2),
    ],
)
def test_time_of_measured_sweeps_comes_out_within_a_factor_of_two(scenario, overrides, measured):
    needed = cost_of(planned(scenario, overrides)).need
    assert measured / 2 < needed.seconds(dataclasses.replace(SMALL, cores=1), speed=1.16) < measured * 2


def test_what_is_known_of_other_modules_is_so_there():
    pool = next(field.default for field in dataclasses.fields(Experiment) if field.name == "pool")
    assert pool == sweep.POOL
    assert links.COVARIANCE_DRAWS == ofdm.COVARIANCE_DRAWS
    assert pytest.approx(1 - PAIR_SHARE) == training.SURROGATES


def test_operations_of_the_unets_are_those_of_the_benchmark():
    counted = json.loads((Path(__file__).parents[2] / "benchmarks" / "results.json").read_text())["unet"]
    resolved = planned("mnist-awgn")
    costs = {network.name: network.cost(resolved.setup.dimensions) for network in resolved.networks}
    for network in ("denoiser", "denoiser-label"):
        assert costs[network].operations / 1e6 == pytest.approx(counted[network]["mflop_per_image"], rel=0.02)


@pytest.mark.parametrize("name", ["mnist-awgn", "cifar10-awgn"])
def test_weights_of_networks_come_out_within_a_factor_of_two(name):
    listed = [
        f"legitimate.receivers=[{', '.join(SYSTEMS)}]",
        f"eavesdropper.attacks=[{', '.join(shipped_attacks())}]",
        "denoising.channels=64",
    ]
    resolved = planned(name, listed)
    sizes = resolved.setup.dimensions
    # On other transmitters attacks have the same sizes.
    checked = [network for network in resolved.networks if "." not in network.name or "clean-pair." in network.name]
    assert len(checked) > 15
    for network in checked:
        weights = 4 * network.build(sizes).count_params()
        # A quarter of a megabyte too much does not count.
        assert weights / 2 < network.cost(sizes).weights < max(weights * 2, 250_000), network.name


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_are_affordable(name):
    assert affordable_sweep(planned(name)).need.memory > 0.5 * GIB
    assert affordable_training(planned(name)).core_seconds > 0


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["monte_carlo.batch_size=65536"], "monte_carlo.batch_size"),
        (["monte_carlo.batch_size=8192", "denoising.channels=1024"], "denoising.channels"),
        (
            [
                "legitimate.csi={pilots: 1024}",
                "legitimate.channel={kind: tdl, subcarriers: 4096}",
                "legitimate.receivers=[classifier]",
            ],
            "legitimate.csi.pilots",
        ),
        (
            ["eavesdropper.csi={pilots: 900, estimator: lmmse}", "eavesdropper.channel={kind: cdl, subcarriers: 4096}"],
            "eavesdropper.c",
        ),
        (
            [
                "legitimate.channel={kind: rayleigh, coherence: 200000}",
                "legitimate.receive_antennas=16",
                "legitimate.receivers=[classifier]",
            ],
            "legitimate.channel.coherence",
        ),
        (
            [
                "monte_carlo.max_images=100000000",
                "monte_carlo.passes=10000",
                "denoising.steps=500",
                "denoising.max_rounds=100",
                *WITHOUT_RULE,
            ],
            "monte_carlo.max_images",
        ),
        (
            ["bit_error_rates=[{information_bits: 100000, modulation: 256qam}]", "monte_carlo.batch_size=2048"],
            "bit_error_rates",
        ),
    ],
)
def test_what_no_machine_of_this_kind_can_do_is_refused_with_the_key_that_asks_for_it(overrides, key, tmp_path):
    resolved = planned("mnist-awgn", overrides)
    with pytest.raises(InputError, match=r"needs about .* GiB of memory, about .*2 cores, 24\.0 GiB") as error:
        affordable_sweep(resolved)
    assert key in str(error.value).rsplit(";", 1)[1]
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="its sweep needs"):
        run_plan(resolved, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["training.batch_size=65536"], "training.batch_size"),
        (["training.epochs.denoiser=100000", "denoising.channels=512"], "training.epochs.denoiser"),
    ],
)
def test_a_training_is_refused_before_it_begins(overrides, key, tmp_path):
    resolved = planned("mnist-awgn", overrides)
    with pytest.raises(InputError, match=f"its training needs about .*{key} asks for most of it"):
        train_plan(resolved, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()
    assert affordable_sweep(resolved)


# As much as the schema allows, of all that it allows it of.
MOST = {
    "monte_carlo.batch_size": "65536",
    "monte_carlo.max_images": "100000000",
    "monte_carlo.passes": "10000",
    "monte_carlo.ci_half_width": "1.0e-6",
    "denoising.channels": "1024",
    "denoising.steps": "500",
    "denoising.max_rounds": "100",
    "legitimate.snr_db": str([step / 10 for step in range(1000)]),
    "legitimate.channel": "{kind: cdl, subcarriers: 4096}",
    "legitimate.receive_antennas": "16",
    "legitimate.csi": "{pilots: 1024, estimator: lmmse}",
    "eavesdropper.snr_db": str([step / 10 for step in range(1000)]),
    "eavesdropper.channel": "{kind: rician, coherence: 200000}",
    "eavesdropper.receive_antennas": "16",
    "eavesdropper.csi": "{pilots: 1024}",
    "eavesdropper.looks": "100",
    "eavesdropper.attacks": f"[{', '.join(shipped_attacks())}]",
    "legitimate.receivers": "[digital, e-diffsem, keyed-scramble, direct, ibal]",
    "bit_error_rates": "[{information_bits: 100000, modulation: 256qam}, {information_bits: 8448, code_rate: 0.5}]",
    "training.batch_size": "65536",
    "training.epochs.adversary": "100000",
    "training.teacher_steps": "500",
    "dataset": "cifar10",
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(sorted(MOST))))
def test_any_valid_scenario_is_estimated_or_refused(keys):
    resolved = planned("mnist-quick", [f"{key}={MOST[key]}" for key in sorted(keys)])
    for can_afford in (affordable_sweep, affordable_training):
        with contextlib.suppress(InputError):
            can_afford(resolved)
    need = cost_of(resolved).need
    assert GIB / 2 < need.memory < 1e30
    assert 0 < need.core_seconds < 1e30


def test_more_of_anything_never_needs_less():
    resolved = planned("mnist-awgn")
    need = cost_of(resolved).need
    for override in (
        "monte_carlo.batch_size=512",
        "denoising.steps=3",
        "eavesdropper.looks=3",
        "denoising.channels=256",
    ):
        more = cost_of(planned("mnist-awgn", [override])).need
        assert more.memory >= need.memory
        assert more.core_seconds >= need.core_seconds
        assert more != need


def test_an_interval_that_is_narrow_enough_ends_a_sweep():
    many = ["monte_carlo.max_images=100000000", "dataset=mnist", "monte_carlo.target_errors=null"]
    ruled = planned("mnist-quick", [*many, "monte_carlo.ci_half_width=0.05"])
    unruled = planned("mnist-quick", [*many, "monte_carlo.ci_half_width=null"])
    assert cost_of(ruled).need.core_seconds < cost_of(unruled).need.core_seconds / 3


def test_memory_is_that_of_the_machine_or_less():
    machine = this_machine()
    assert 0 < machine.memory < 2**60
    assert machine.cores >= 1
    assert str(dataclasses.replace(machine, cores=3, memory=int(1.5 * GIB))) == "3 cores, 1.5 GiB"


def test_estimates_need_no_tensorflow():
    code = (
        "import sys; from diffsem.scenarios import load_scenario; from diffsem.scenarios.runs.resolving import plan; "
        "from diffsem.scenarios.runs.cost.affordable import affordable_sweep, affordable_training; "
        "planned = plan(load_scenario('mnist-awgn')); affordable_sweep(planned); affordable_training(planned); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "set()\n"
