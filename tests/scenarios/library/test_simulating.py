"""A sweep as one call: bars where somebody watches, and what they are told."""

import io

import nbformat
import pytest
from nbclient import NotebookClient

import diffsem
from diffsem.scenarios.reporting import progress

SMALL = ["monte_carlo.max_images=32", "legitimate.snr_db=[15]", "legitimate.receivers=[classifier]"]
SMALL += ["eavesdropper.attacks=[linear-probe]"]


def sweep(**options):
    return diffsem.run_scenario(diffsem.load_scenario("mnist-quick", SMALL), **options)


def test_nothing_is_printed_where_nobody_watches(capfd):
    sweep()
    assert capfd.readouterr() == ("", "")


def test_bars_when_they_are_asked_for(capfd):
    sweep(progress=True)
    told = capfd.readouterr().err
    assert "points" in told
    assert "1/1" in told


def test_listeners_are_told_beside_the_bars(capfd):
    points, images = [], []
    sweep(progress=True, on_points=lambda done, total: points.append((done, total)), on_images=images.append)
    assert points[-1] == (1, 1)
    assert sum(images) == 32
    assert "1/1" in capfd.readouterr().err


def test_listeners_alone_are_enough_in_a_terminal(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    sweep(on_images=lambda images: None)
    assert terminal.getvalue() == ""


@pytest.mark.slow
def test_a_notebook_shows_bars_in_one_place_and_nothing_else():
    cell = nbformat.v4.new_code_cell(
        f"import diffsem\nrows = diffsem.run_scenario(diffsem.load_scenario('mnist-quick', {SMALL}))"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=180, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert "1/1" in output.data["text/plain"]
    assert "32/32" in output.data["text/plain"]


def test_a_scenario_is_one_line():
    words = repr(diffsem.load_scenario("mnist-quick"))
    assert words == "<Scenario mnist-quick: mnist, t 240, -10, -5, 0, 5, 15 dB, 6 receivers, 4 attacks>"
    assert "0 to 49 (50 values)" in repr(diffsem.load_scenario("mnist-quick", [f"timesteps={list(range(50))}"]))
