from dataclasses import replace

import numpy as np
import pytest

from diffsem.link import InputError, bit_error_rate, empty_table, wilson_interval
from diffsem.models import NoiseSchedule
from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.figures import (
    accuracy_against_calls,
    accuracy_figure,
    attacks_figure,
    calls_figure,
    channel_figure,
    error_rate_figure,
    figures_of,
    front_figure,
    outage_figure,
    quality_figure,
    reconstruction_figure,
    save_figures,
    schedule_figure,
)
from diffsem.scenarios.reporting.statistics import (
    leakage,
    paper_attack,
)
from diffsem.scenarios.reporting.tables import leakage_table

SCHEDULE = NoiseSchedule()
SWEPT = (0.0, 5.0, 10.0)
STRONGEST = [0.55, 0.55, 0.7]
GUESSING = "guessing (1/10)"


@pytest.mark.parametrize("told", ["inversion-mlp", "inversion-residual"])
def test_an_attacker_that_is_told_the_step_is_not_the_papers(told, attacked_table, printed):
    built = attacked_table()
    built.rows["attack"] = built.rows["attack"].replace("inversion-mlp+blind", told)
    assert paper_attack(built.rows) == []
    lines = leakage(built.rows)
    assert lines["paper_attack"].isna().all()
    assert lines["paper_gap"].isna().all()
    assert lines["adversary"].notna().all()
    assert "paper's attacker" in printed(leakage_table(built.rows, "title"))
    assert told not in printed(leakage_table(built.rows, "title"))  # the strongest is another
    labels = [container.get_label() for container in quality_figure(built, 15.0).axes[0].containers]
    assert labels == [f"clean-pair: {told}", f"direct: {told}", "direct: as-heard"]


@pytest.mark.slow
def test_figures_show_every_eavesdropper_snr(tmp_path, swept_table):
    built = swept_table()
    figure = accuracy_figure(built, "timestep", 15.0)
    tops, bottoms = figure.axes[:3], figure.axes[3:]
    for place, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        assert top.get_title() == f"eavesdropper {SWEPT[place]:g} dB"
        lines = {line.get_label(): line.get_ydata() for line in top.get_lines()}
        np.testing.assert_allclose(lines["adversary on clean-pair"], STRONGEST[place])
        np.testing.assert_allclose(bottom.get_lines()[0].get_ydata(), 0.95 - STRONGEST[place])
    for place, panel in enumerate(attacks_figure(built, "clean-pair", 15.0).axes):
        lines = {line.get_label(): line.get_ydata() for line in panel.get_lines()}
        np.testing.assert_allclose(lines["inversion-mlp+blind"], 0.3 + 0.2 * place)
    for place, panel in enumerate(channel_figure(built, "diffsem").axes):
        np.testing.assert_allclose(panel.get_lines()[1].get_ydata(), STRONGEST[place])
    left = quality_figure(built, 15.0).axes[::2]
    for place, panel in enumerate(left):
        (curve,) = panel.containers
        np.testing.assert_allclose(curve[0].get_xdata(orig=False), 0.5 + 0.1 * place)
        np.testing.assert_allclose(curve[0].get_ydata(orig=False), 0.3 + 0.2 * place)
    assert len(left) == 3
    curves = {container.get_label(): container[0] for container in front_figure([built], 15.0).axes[0].containers}
    assert list(curves) == [f"diffsem, eavesdropper {snr_db} dB" for snr_db in (0, 5, 10)]
    for curve, accuracy in zip(curves.values(), STRONGEST, strict=True):
        np.testing.assert_allclose(curve.get_xdata(orig=False), accuracy)
    assert save_figures([built], tmp_path, "swept")


def test_the_quality_figure_draws_one_curve_a_transmitter_and_attack(attacked_table):
    figure = quality_figure(attacked_table(), 15.0)
    left, right = figure.axes
    drawn = {container.get_label(): container[0] for container in left.containers}
    assert list(drawn) == [
        "clean-pair: inversion-mlp+blind",
        "direct: inversion-mlp+blind",
        "direct: as-heard",
    ]
    np.testing.assert_allclose(drawn["direct: as-heard"].get_xdata(orig=False), [0.9, 0.7, 0.5])
    np.testing.assert_allclose(drawn["direct: as-heard"].get_ydata(orig=False), [0.87, 0.77, 0.67])
    np.testing.assert_allclose(right.containers[0][0].get_xdata(orig=False), [20, 17, 14])


def test_the_attacks_figure_draws_every_attack_and_the_best_receiver(attacked_table):
    (panel,) = attacks_figure(attacked_table(), "direct", 15.0).axes
    lines = {line.get_label(): line.get_ydata(orig=False) for line in panel.get_lines()}
    assert set(lines) == {"best receiver at each t", "inversion-mlp+blind", "task-classifier", "as-heard", GUESSING}
    np.testing.assert_allclose(lines["best receiver at each t"], [0.92, 0.82, 0.72])
    np.testing.assert_allclose(lines["task-classifier"], [0.88, 0.78, 0.68])


def test_the_channel_figure_has_a_receiver_and_an_adversary_for_every_snr(table):
    (panel,) = channel_figure(table(), "diffsem").axes
    labels = [line.get_label() for line in panel.get_lines()]
    assert len(labels) == 6
    assert {"receiver, 0 dB", "receiver, 15 dB", "strongest attack"} < set(labels)
    np.testing.assert_allclose(panel.get_lines()[1].get_ydata(orig=False), [0.6, 0.6])


def test_the_accuracy_figure_can_be_told_whom_to_draw(attacked_table):
    figure = accuracy_figure(attacked_table(), "timestep", 15.0, systems=["direct"], attacks=["as-heard"])
    lines = {line.get_label(): line.get_ydata(orig=False) for line in figure.axes[0].get_lines()}
    assert set(lines) == {"direct", "adversary on direct", GUESSING}
    np.testing.assert_allclose(lines["adversary on direct"], [0.87, 0.77, 0.67])


def test_reconstructions_can_be_chosen(table):
    built = table()
    assert len(reconstruction_figure(built, 15.0, timesteps=[120]).axes) == 2 * 3
    with pytest.raises(InputError, match="none at 15 dB of the kind"):
        reconstruction_figure(built, 15.0, attacks=["as-heard"])


@pytest.mark.slow
def test_figures_are_drawn_for_every_axis(tmp_path, table):
    names = {path.name for path in save_figures([table()], tmp_path / "new", "demo")}
    stems = ["accuracy-snr-t120", "accuracy-snr-t240", "accuracy-t-0dB", "accuracy-t-15dB"]
    stems += [
        "front",
        "attacks-clean-pair",
        "channels-classifier",
        "channels-diffsem",
        "schedule",
        "reconstructions-15dB",
    ]
    assert names == {f"demo-{stem}.{suffix}" for stem in stems for suffix in ("png", "pdf")}
    assert all((tmp_path / "new" / name).stat().st_size > 2000 for name in names)


def test_the_accuracy_figure_draws_bands_from_the_intervals(table):
    figure = accuracy_figure(table(), "receiver_snr_db", 240)
    top, bottom = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in top.get_lines()}
    np.testing.assert_allclose(lines["diffsem"], [0.8, 0.8])
    np.testing.assert_allclose(lines["adversary on clean-pair"], [0.6, 0.6])
    # Bands in the order of drawing: classifier, the adversary that it shares with DiffSem, DiffSem.
    vertices = top.collections[2].get_paths()[0].vertices[:, 1]
    assert vertices.min() == pytest.approx(wilson_interval(800, 1000)[0])
    assert vertices.max() == pytest.approx(wilson_interval(800, 1000)[1])
    assert len(bottom.collections) == 2


def test_the_front_has_the_receiver_over_the_strongest_attack(attacked_table):
    panel = front_figure([attacked_table()], 15.0).axes[0]
    curves = {container.get_label(): container.lines[0] for container in panel.containers}
    line = curves["classifier"]
    np.testing.assert_allclose(line.get_xdata(orig=False), [0.88, 0.78, 0.68])
    np.testing.assert_allclose(line.get_ydata(orig=False), [0.9, 0.8, 0.7])


def test_several_attacked_tables_are_drawn_as_one_front(tmp_path, table, attacked_table):
    paths = save_figures([attacked_table(), table()], tmp_path, "both")
    assert [path.name for path in paths] == ["both-front.png", "both-front.pdf"]
    labels = [container.get_label() for container in front_figure([attacked_table(), table()], 15.0).axes[0].containers]
    assert "fig5-mnist: direct" in labels
    assert "mnist-awgn: diffsem" in labels


def test_the_schedule_figure_marks_where_esnr_is_zero():
    figure = schedule_figure(SCHEDULE)
    assert any("t = 184" in text.get_text() for text in figure.axes[1].texts)


def test_accuracy_against_calls_has_a_curve_for_each_seed_but_none_for_each_ear(solver_table):
    tables = [
        replace(one, rows=one.rows.assign(seed=seed, eavesdropper_looks=looks, denoising_steps=steps))
        for steps in (1, 10)
        for seed in (1, 2)
        for looks in (1, 10)
        for one in [solver_table("ddim", steps, 600 + 100 * seed + steps)]
    ]
    (panel,) = calls_figure(tables).axes
    curves = {one.get_label(): one.lines[0].get_ydata().tolist() for one in panel.containers}
    assert curves["diffsem, ddim, seed 1"] == [0.701, 0.71]
    assert curves["diffsem, ddim, seed 2"] == [0.801, 0.81]
    assert set(curves) == {f"{name}, seed {seed}" for name in ("diffsem, ddim", "one-step") for seed in (1, 2)}


def test_accuracy_against_calls_has_every_solver_once(tmp_path, solver_table):
    tables = [solver_table("ddim", 1, 800), solver_table("ddim", 10, 850), solver_table("dpm-solver++", 3, 840)]
    lines = accuracy_against_calls(tables)
    assert list(lines["system"]) == ["diffsem"] * 3 + ["one-step"]
    assert list(lines["denoiser_calls"]) == [1, 10, 3, 1]
    assert list(lines["accuracy"]) == [0.8, 0.85, 0.84, 0.8]
    assert [path.name for path in save_figures(tables, tmp_path, "s")] == [
        "s-accuracy-calls.png",
        "s-accuracy-calls.pdf",
    ]
    (panel,) = calls_figure(tables).axes
    drawn = {container.get_label(): container[0].get_ydata(orig=False) for container in panel.containers}
    np.testing.assert_allclose(drawn["diffsem, ddim"], [0.8, 0.85])
    with pytest.raises(InputError, match="no receiver with a denoiser"):
        calls_figure([replace(tables[0], rows=tables[0].rows[tables[0].rows["system"] == "classifier"])])


def test_a_one_step_estimate_makes_one_call_whatever_the_solver(row, point_result):
    rows = [
        row(system, "receiver", 240, 15.0, 800) | {"denoiser_calls": 1.0}
        for system in ("one-step", "reference-one-step")
    ]
    scenario = load_scenario("mnist-solvers", ["denoising={solver: dpm-solver++, steps: 3}"])
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    built = empty.with_point(point_result(rows))
    assert set(accuracy_against_calls([built])["solver"]) == {"one call"}
    labels = [container.get_label() for container in calls_figure([built]).axes[0].containers]
    assert labels == ["one-step", "reference-one-step"]


def test_an_empty_table_has_nothing_to_draw(tmp_path):
    empty = empty_table({"scenario": "name: x\n"}, np.zeros((1, 28, 28, 1), np.uint8))
    with pytest.raises(InputError, match="nothing to draw"):
        save_figures([empty], tmp_path, "empty")


def test_a_folder_that_cannot_be_made_ends_in_one_line(tmp_path, table):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_figures([table()], tmp_path / "file" / "folder", "demo")


def test_outage_is_drawn_below_the_mean(table, fading_table):
    names = [name for name, _ in figures_of(fading_table())]
    assert "outage-t120" in names
    assert "outage-t120" not in [name for name, _ in figures_of(table())]
    mean, worst, *_ = outage_figure(fading_table(), 120).axes[0].get_lines()
    assert list(mean.get_ydata()) == [0.96, 0.96]
    assert list(worst.get_ydata()) == [0.5, 1.0]


def test_without_an_attack_there_is_no_panel_for_the_gap(table):
    assert len(accuracy_figure(table(attacked=False), "receiver_snr_db", 240).axes) == 1
    assert len(accuracy_figure(table(), "receiver_snr_db", 240).axes) == 2


def test_links_that_count_errors_are_no_rows_of_accuracy(error_table):
    assert leakage(error_table().rows).empty
    assert [name for name, _ in figures_of(error_table())] == ["error-rates"]


@pytest.mark.parametrize(
    ("channel", "antennas", "branches"), [("awgn", 1, None), ("rayleigh", 1, 1), ("rayleigh", 2, 2), ("rician", 1, 0)]
)
def test_the_error_rate_figure_draws_closed_forms_where_there_are_some(channel, antennas, branches, error_table):
    built = error_table([f"legitimate.channel={{kind: {channel}}}", f"legitimate.receive_antennas={antennas}"])
    panel = error_rate_figure(built, 0).axes[0]
    drawn = [line for line in panel.get_lines() if len(line.get_xdata()) == 200]
    assert len(drawn) == (0 if branches == 0 else 1)
    for line in drawn:
        np.testing.assert_allclose(line.get_ydata(), bit_error_rate("bpsk", line.get_xdata(), branches))
    # Where no error was seen, the end of the interval.
    limits = [line for line in panel.get_lines() if line.get_marker() == "v"]
    assert [list(line.get_ydata()) for line in limits] == [[1e-4]] * 2
