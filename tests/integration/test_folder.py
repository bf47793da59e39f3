"""Images of one's own, from a folder to a table."""

import numpy as np
import pytest
import yaml
from PIL import Image

from diffsem.link import InputError, read_table
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.reporting.figures import save_figures

CLASSES = {"blue": 2, "green": 1, "red": 0}
SCENARIO = {
    "name": "mine",
    "timesteps": [0, 240],
    "legitimate": {
        "snr_db": [15],
        "receivers": ["classifier", "diffsem", "direct"],
    },
    "eavesdropper": {"attacks": ["inversion-residual", "residual-classifier"]},
    "denoising": {"steps": 1, "channels": 8},
    "monte_carlo": {"batch_size": 30, "max_images": 60},
    "training": {
        "batch_size": 32,
        "epochs": {
            "pair": 6,
            "denoiser": 1,
            "classifiers": 1,
            "adversary": 1,
            "strong_classifier": 1,
            "judge_of_attacks": 1,
        },
        "learning_rate": "cosine",
        "precision": "mixed_bfloat16",
        "fresh_draws": True,
    },
}


@pytest.fixture
def folder(tmp_path, rng):
    """Three classes that their colour tells apart, 120 images of noise each."""
    for name, channel in CLASSES.items():
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(120):
            pixels = rng.integers(0, 120, (20, 24, 3), np.uint8)
            pixels[..., channel] += 100
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    return tmp_path / "images"


@pytest.mark.slow
def test_a_folder_of_images_is_trained_on_and_swept(folder, tmp_path):
    dataset = {"folder": str(folder), "image_size": 16, "compression": 1 / 24}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(SCENARIO | {"dataset": dataset, "weights": str(tmp_path / "weights")}))
    scenario = load_scenario(path)
    train_scenario(scenario, tmp_path / "weights")
    rows = run_scenario(scenario, tmp_path / "r.h5")
    assert (rows["total"] == 60).all()  # a sixth of 360 images
    assert set(rows.loc[rows["node"] == "receiver", "system"]) == set(SCENARIO["legitimate"]["receivers"])
    # 32 real symbols a feature; Direct sends every value of the image.
    uses = rows.drop_duplicates("system").set_index("system")["channel_uses"]
    assert (uses["classifier"], uses["direct"]) == (16, 16 * 16 * 3 // 2)
    clean = rows[(rows["timestep"] == 0) & (rows["node"] == "receiver")].set_index("system")["accuracy"]
    assert clean["classifier"] > 0.7  # guessing: a third
    table = read_table(tmp_path / "r.h5")
    assert table.attributes["classes"] == 3
    assert table.examples.reconstructions.shape[2:] == (16, 16, 3)
    assert any("reconstructions" in str(file) for file in save_figures([table], tmp_path / "figures", "r"))


def test_no_weights_ship_for_them(folder):
    scenario = load_scenario("cifar10-awgn", [f"dataset={{folder: {folder}}}"])
    with pytest.raises(InputError, match="none ship for dataset folder, only for cifar10, mnist"):
        run_scenario(scenario)
