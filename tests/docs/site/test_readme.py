"""The README, walked as a reader would: its listings in an empty folder, its commands one after another."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from diffsem.link import read_results

README = Path(__file__).parents[3] / "README.md"
MOST_LINES, MOST_CHARACTERS = 160, 9_000
# As small as it gets.
SHRUNK = {
    "mine.yaml": ["monte_carlo.max_images=64"],
    "own.yaml": ["training.images=600", "training.epochs={adversary: 2}", "monte_carlo.max_images=200"],
}
WALKED = (
    "check mine.yaml",
    "train own.yaml",
    "run own.yaml",
    "attacks results/own.h5",
    "leakage results/own.h5",
)


def run(line, folder):
    """A command line of the README, in a process of its own; what it prints."""
    words = shlex.split(line, comments=True)[1:]
    changes = [
        word for scenario in SHRUNK if scenario in words for change in SHRUNK[scenario] for word in ("--set", change)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "diffsem.scenarios.command_line", *words, *changes],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_an_attack_and_a_system_of_the_readme_stand_beside_shipped_ones(tmp_path, listings):
    for name in ("mine.py", "own.yaml", "mine.yaml"):
        found = [block.text for block in listings(README) if block.text.startswith(f"# {name}")]
        assert len(found) == (2 if name == "mine.py" else 1), name
        (tmp_path / name).write_text("\n".join(found))
    lines = [line for block in listings(README) for line in block.text.splitlines()]
    told = {}
    for start in WALKED:
        (line,) = [line for line in lines if line.startswith(f"diffsem {start}")]
        told[start] = run(line, tmp_path)
    assert "cost: " in told["check mine.yaml"]
    assert (tmp_path / "weights" / "own" / "own-encoder.weights.h5").exists()
    rows = read_results(tmp_path / "results" / "own.h5")
    receivers = rows[rows["node"] == "receiver"]
    assert set(receivers["system"]) == {"diffsem", "own"}
    assert set(rows[rows["node"] == "adversary"]["attack"]) == {"linear-probe", "own-attack"}
    # Both attacks hear both transmitters.
    heard = rows[rows["attack"] == "own-attack"]
    assert set(heard["system"]) == {"diffsem", "own"}
    assert (rows["total"] == 200).all()
    # Five epochs read more than guessing does.
    assert (receivers[receivers["timestep"] == 120]["accuracy"] > 0.2).all()
    assert "own-attack" in told["attacks results/own.h5"]
    assert {"diffsem", "own"} <= set(told["leakage results/own.h5"].split())


def test_the_readme_fits_a_screen_or_three():
    text = README.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert len(text) <= MOST_CHARACTERS
