"""`execution.xla: auto`: measured, recorded, and never settled twice for one table."""

import json

import pytest

import diffsem.scenarios.runs.parallel.hiring as hiring
import diffsem.scenarios.runs.profile.execution as execution
from diffsem.link import read_table
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.runs.profile.execution import Mode, settled
from diffsem.scenarios.runs.resolving import plan

TINY = [
    "legitimate.receivers=[classifier, diffsem]",
    "eavesdropper.attacks=[]",
    "legitimate.snr_db=[0, 5]",
    "monte_carlo.max_images=32",
    "monte_carlo.batch_size=32",
]


@pytest.fixture
def planned():
    """64 images."""
    return plan(load_scenario("mnist-quick", [*TINY, "execution=auto"]))


@pytest.fixture
def asked(monkeypatch):
    """Takes the seconds that each mode is to have, by whether it has XLA; gives the plans that were measured."""
    plans = []

    def take(modes):
        def measured(planned, dataset):
            plans.append(planned)
            return modes[planned.scenario.execution.xla]

        monkeypatch.setattr(execution, "_measured", measured)
        return plans

    return take


def settle(planned, path=None, workers=1):
    lines = []
    made, why = settled(planned, path, workers, None, lines.append)
    assert lines == ([f"execution.xla: auto: {why}"] if why else [])
    return made.scenario.execution.xla, why


@pytest.mark.parametrize(
    ("with_xla", "workers", "xla"),
    [
        (Mode(ready=1.0, image=0.5), 1, True),
        # As fast as without, but for chance.
        (Mode(ready=0.0, image=0.97), 1, False),
        # Compiling for two sizes of pools takes what it saves.
        (Mode(ready=20.0, image=0.5), 1, False),
        (Mode(ready=10.0, image=0.5), 1, True),
        # Each worker compiles for its share of the images alone.
        (Mode(ready=10.0, image=0.5), 2, False),
        # It cannot compile this.
        (None, 1, False),
    ],
)
def test_xla_is_taken_if_it_ends_the_sweep_sooner(with_xla, workers, xla, planned, asked):
    plans = asked({False: Mode(ready=0.0, image=1.0), True: with_xla})
    chosen, why = settle(planned, workers=workers)
    assert chosen is xla
    assert why.startswith("with XLA" if xla else "without XLA")
    # The receiver that calls its U-Net most, and nothing beside it.
    assert [[system.name for system in each.systems] for each in plans] == [["diffsem"]] * 2


def test_a_short_sweep_does_not_try(planned, asked):
    plans = asked({False: Mode(ready=1.0, image=0.1)})
    assert settle(planned)[0] is False
    assert len(plans) == 1


@pytest.mark.parametrize("xla", [True, False])
def test_what_is_not_auto_is_not_measured(xla, planned, asked):
    asked({})
    told = execution._with_xla(planned, xla)
    assert settled(told, None, 1, None, pytest.fail) == (told, "")


def test_without_receivers_there_is_nothing_to_measure(asked):
    asked({})
    rates = ["legitimate.receivers=[]", "eavesdropper.attacks=[]", "bit_error_rates=[{modulation: qpsk}]"]
    assert settle(plan(load_scenario("mnist-quick", [*rates, "execution=auto"])))[0] is False


def test_a_table_goes_on_as_it_was_begun(tmp_path, asked):
    asked({})
    path, cheap = tmp_path / "a.h5", [*TINY, "legitimate.receivers=[classifier]"]
    begun = run_scenario(load_scenario("mnist-quick", [*cheap, "execution.xla=false"]), path)
    before = path.read_bytes()
    lines = []
    rows = run_scenario(load_scenario("mnist-quick", [*cheap, "execution=auto"]), path, log=lines.append)
    assert rows.equals(begun)
    assert path.read_bytes() == before
    assert lines == ["execution.xla: auto: without XLA, as its table was begun"]


def test_a_table_that_was_begun_with_xla_goes_on_with_it(planned, asked, tmp_path, monkeypatch):
    asked({})
    stored = execution._with_xla(planned, True).scenario.to_yaml()
    monkeypatch.setattr(execution, "read_table", lambda path: type("Table", (), {"attributes": {"scenario": stored}}))
    (tmp_path / "a.h5").touch()
    assert settle(planned, tmp_path / "a.h5")[0] is True


def test_workers_and_the_table_are_told_what_was_settled(planned, tmp_path, monkeypatch):
    hired, sent = [], []

    class Crew:
        def __init__(self, workers, data_dir, scenarios):
            hired.extend(scenario.execution.xla for scenario in scenarios)

        def simulate(self, variants, on_images):
            sent.extend(variant.scenario.execution.xla for variant in variants)
            return (result for result in ())

        def dismiss(self):
            pass

    monkeypatch.setattr(execution, "_faster", lambda *asked: (True, "as measured"))
    monkeypatch.setattr(hiring, "Crew", Crew)
    run_scenario(planned.scenario, tmp_path / "a.h5", workers=2)
    assert hired == sent == [True]
    table = read_table(tmp_path / "a.h5")
    assert "xla: true" in table.attributes["scenario"]
    assert "auto" not in table.attributes["scenario"]
    assert json.loads(table.attributes["environment"])["execution_mode"] == "tf.function, XLA, float32"
    assert table.attributes["execution_measured"] == "with XLA: as measured"


@pytest.mark.slow
@pytest.mark.parametrize("xla", [True, False])
def test_both_modes_are_measured_on_this_machine(xla, planned):
    few = plan(load_scenario("mnist-quick", [*TINY, "legitimate.receivers=[diffsem]"]))
    dataset = execution.load_dataset(few.source)
    mode = execution._measured(execution._with_xla(few, xla), dataset)
    assert mode.ready > 32 * mode.image > 0
