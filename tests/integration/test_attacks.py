"""An attack from outside of the package: trained beside the shipped weights, and a row of the table."""

import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario, train_scenario

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
