"""A sweep over more than t and SNR as a user meets it: checked, run, killed, resumed, read, drawn and reported."""

import io
import json
import subprocess
import sys
import time

import pandas as pd
import pytest

from diffsem.link import AXES, read_results
from diffsem.scenarios import command_line

SCENARIO = """
name: swept
dataset: mnist
timesteps: [120, 240]
legitimate:
  snr_db: 15
  receivers: [classifier, diffsem]
eavesdropper:
  attacks: [inversion-mlp, task-classifier]
  looks: [1, 10]
denoising: {steps: [1, 2]}
monte_carlo: {max_images: 32, batch_size: 32}
"""
VARIANTS = [(steps, looks) for steps in (1, 2) for looks in (1, 10)]
POINTS = [(120, 15), (240, 15)]
DIFFSEM = [sys.executable, "-m", "diffsem.scenarios.command_line"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds the scenario and its table, whose run was killed behind its first points and resumed."""
    place = tmp_path_factory.mktemp("swept")
    (place / "swept.yaml").write_text(SCENARIO)
    run = [*DIFFSEM, "run", "swept.yaml", "--out", "r.h5"]
    with subprocess.Popen(run, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 120
        while not (place / "r.h5").exists() or not len(read_results(place / "r.h5")):
            assert process.poll() is None, "the run ended before it had a point"
            assert time.monotonic() < end
            time.sleep(0.05)
        process.kill()
    assert not read_results(place / "r.h5").attrs["complete"]
    subprocess.run(run, cwd=place, check=True, capture_output=True)
    return place


@pytest.fixture
def asked(folder, monkeypatch, capsys):
    """What a command says, typed in the folder."""
    monkeypatch.chdir(folder)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["diffsem", *arguments])
        status = 0
        try:
            command_line.main()
        except SystemExit as end:
            status = end.code or 0
        out, err = capsys.readouterr()
        assert status == 0, err
        return out

    return call


@pytest.mark.slow
def test_a_check_tells_the_points_and_the_cost_of_all_variants(asked):
    def costs(*more):
        (line,) = [line for line in asked("check", "swept.yaml", *more).splitlines() if "# cost:" in line]
        return [int(word.replace(",", "")) for word in line.split() if word.replace(",", "").isdigit()]

    points, images, _, calls, evaluations = costs()
    assert points == len(VARIANTS) * len(POINTS)
    single = [
        costs("--set", f"denoising.steps={steps}", "--set", f"eavesdropper.looks={looks}") for steps, looks in VARIANTS
    ]
    assert [one[0] for one in single] == [len(POINTS)] * len(VARIANTS)
    for place, whole in ((1, images), (3, calls), (4, evaluations)):
        assert whole == sum(one[place] for one in single)


@pytest.mark.slow
def test_a_sweep_that_was_killed_has_each_variant_at_each_point_once(folder):
    rows = read_results(folder / "r.h5")
    assert rows.attrs["complete"]
    own = ["denoising_steps", "eavesdropper_looks", "timestep", "receiver_snr_db"]
    assert len(rows) == len(VARIANTS) * len(POINTS) * 6
    assert not rows.duplicated(["system", "node", "attack", *AXES, *own[2:]]).any()
    assert set(rows[own].itertuples(index=False, name=None)) == {v + p for v in VARIANTS for p in POINTS}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["show", "leakage", "attacks"])
def test_tables_have_a_line_for_each_variant(command, asked):
    read = pd.read_csv(io.StringIO(asked(command, "r.h5", "--format", "csv")))
    counts = read.groupby(["denoising_steps", "eavesdropper_looks", "timestep", "receiver_snr_db"]).size()
    assert set(counts.index) == {variant + point for variant in VARIANTS for point in POINTS}
    # Two systems, or two attacks on what they share.
    assert set(counts) == {2}
    assert "looks" not in read.columns
    shown = asked(command, "r.h5", "--at", "steps=2,looks=10,t=240,snr=15")
    assert shown.count("│ 240 │") == 2


@pytest.mark.slow
def test_figures_and_their_captions_name_their_variants(folder, asked):
    asked("plot", "r.h5", "--out", "figures", "--only", "front", "--style", "paper")
    found = {path.stem: path.read_text() for path in (folder / "figures").glob("*.txt")}
    assert set(found) == {f"r-front-steps{steps}-looks{looks}" for steps, looks in VARIANTS}
    for name, caption in found.items():
        steps, looks = name.partition("-steps")[2].split("-looks")
        assert f"denoising steps {steps}, eavesdropper's looks {looks};" in caption


@pytest.mark.slow
def test_the_page_names_the_variants(folder, asked):
    asked("report", "r.h5", "--out", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    for steps, looks in VARIANTS:
        # Jinja writes the apostrophe as a number.
        assert f"; denoising steps {steps}, eavesdropper&#39;s looks {looks}" in page
    for title in ("denoising steps", "eavesdropper&#39;s looks"):
        assert page.count(f"<label>{title} <select") == 2
    figures = [part.partition("</script>")[0] for part in page.split('<script type="application/json">')[1:]]
    assert len(json.loads(figures[0])) == len(VARIANTS)
