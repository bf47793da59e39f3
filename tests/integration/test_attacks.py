"""An attack from outside of the package: trained beside the shipped weights, and a row of the table."""

import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from diffsem.link import InputError, read_results
from diffsem.scenarios import load_scenario, run_scenario, train_scenario

ROOT = Path(__file__).parents[2]
OUTSIDE = """
import keras
from keras import layers

from diffsem.scenarios import AttackMethod


def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    x = layers.Dense(32, activation="relu")(layers.Concatenate()([layers.Flatten()(received), time]))
    return keras.Model([received, time], layers.Dense(target.classes)(x))


def train(eavesdropping, model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return eavesdropping.fit(model, loss, lambda heard, images, labels: labels)


MINE = AttackMethod("small-classifier", "label", build, train)
"""


@pytest.fixture
def scenario_with(tmp_path, monkeypatch):
    (tmp_path / "attack_of_mine.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(*attacks):
        return load_scenario(
            "mnist-quick",
            [
                f"eavesdropper.attacks=[{', '.join(attacks)}]",
                f"weights={tmp_path / 'weights'}",
                "legitimate.receivers=[classifier]",
                "legitimate.snr_db=[15]",
                "training.epochs.adversary=3",
                "monte_carlo.max_images=512",
            ],
        )

    return load


@pytest.mark.slow
def test_it_is_listed_trained_and_a_row_of_the_table(scenario_with, tmp_path):
    scenario = scenario_with("linear-probe", "'attack_of_mine:MINE'")
    lines: list[str] = []
    record = train_scenario(scenario, tmp_path / "weights", log=lines.append, start="pretrained")
    # What ships is not trained again.
    assert [line.split(":")[0] for line in lines if "taken from" not in line] == ["clean-pair.small-classifier"]
    rows = run_scenario(scenario).set_index("attack")
    assert set(rows.index) == {"", "linear-probe", "small-classifier"}
    mine = rows.loc["small-classifier"]
    assert mine["accuracy"] > 0.5
    assert (mine["training_images"], mine["training_epochs"]) == (11250, 3)
    # Its recipe may change from one day to the next.
    recipe = tmp_path / "attack_of_mine.py"
    recipe.write_text(recipe.read_text().replace("Dense(32", "Dense(48"))
    with pytest.raises(InputError, match="small-classifier was trained otherwise: another version of its recipe"):
        train_scenario(scenario, tmp_path / "weights", start="pretrained")
    assert record["clean-pair.linear-probe"]["epochs"] == rows.loc["linear-probe", "training_epochs"] > 3


def test_weights_that_are_not_there_or_have_no_record_end_in_one_line(scenario_with, tmp_path):
    scenario = scenario_with("linear-probe")
    with pytest.raises(InputError, match="--start pretrained"):
        run_scenario(scenario)
    train_scenario(scenario, tmp_path / "weights", start="pretrained")
    (tmp_path / "weights" / "training.json").unlink()
    with pytest.raises(InputError, match="no training record of clean-pair"):
        run_scenario(scenario)
    with pytest.raises(InputError, match="has no record"):
        train_scenario(scenario, tmp_path / "other", start=tmp_path / "weights")


def told_commands():
    """The commands of the page on attacks of one's own, without the name of the program."""
    text = (ROOT / "docs" / "own-parts" / "attack.md").read_text()
    return [shlex.split(line)[1:] for line in re.findall(r"^\$ (diffsem .*)$", text, re.MULTILINE)]


@pytest.mark.slow
def test_the_listings_of_the_page_run_as_they_stand(tmp_path):
    for name in ("my_attacks.py", "own-attack.yaml"):
        (tmp_path / name).write_text((ROOT / "examples" / name).read_text())
    small = ["--set", "training.epochs.adversary=2", "--set", "monte_carlo.max_images=64"]
    for command, *arguments in told_commands():
        more = {"train": small, "run": [*small, "--set", "legitimate.snr_db=[10, 15]", "--workers", "2"]}.get(
            command, []
        )
        # Isolated: Python itself does not look beside the module of the command, or in the current folder.
        code = "from diffsem.scenarios.command_line import main; main()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, command, *arguments, *more], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "small-network" in done.stdout
    rows = read_results(tmp_path / "results" / "own-attack.h5")
    assert set(rows["attack"]) == {"", "linear-probe", "small-network"}
    assert sorted(set(rows["receiver_snr_db"])) == [10, 15]


@pytest.mark.slow
def test_a_dask_worker_that_lacks_the_module_says_so(scenario_with, tmp_path):
    """Another machine: a process whose path does not hold the folder of the scenario."""
    scenario = scenario_with("'attack_of_mine:MINE'")
    code = (
        "import sys\nfrom diffsem.scenarios import load_scenario\n"
        "from diffsem.scenarios.runs.parallel.variant import Variant\n"
        "from diffsem.scenarios.runs.parallel.worker import simulate_group\n"
        "next(simulate_group(Variant(load_scenario(sys.argv[1]), '', ()), None, ()))"
    )
    (tmp_path / "resolved.yaml").write_text(scenario.to_yaml())
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, tmp_path / "resolved.yaml"], cwd="/", capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert f"worker on {platform.node()}: eavesdropper.attacks: attack_of_mine:MINE: ModuleNotFoundError" in last
    assert "put it beside the scenario's file, or where Python finds it, on every worker's machine" in last
