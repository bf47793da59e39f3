from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from rich.console import Console

from diffsem.link import (
    InputError,
    Point,
    PointResult,
    bit_error_rate,
    gap_interval,
    simplex_ceiling,
    wilson_interval,
)
from diffsem.link.results import ADDED, ERROR_RATES, STEP_BINS, STEPS_A_BIN, empty_table
from diffsem.models import NoiseSchedule
from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.ceilings import ceiling_over, ceilings
from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.all_figures import figures_of, save_figures
from diffsem.scenarios.reporting.figures.attacks import attacks_figure
from diffsem.scenarios.reporting.figures.calls import accuracy_against_calls, calls_figure
from diffsem.scenarios.reporting.figures.channel import channel_figure
from diffsem.scenarios.reporting.figures.error_rates import error_rate_figure
from diffsem.scenarios.reporting.figures.front import front_figure
from diffsem.scenarios.reporting.figures.outage import outage_figure
from diffsem.scenarios.reporting.figures.quality import quality_figure
from diffsem.scenarios.reporting.figures.reconstructions import reconstruction_figure
from diffsem.scenarios.reporting.figures.schedule import schedule_figure
from diffsem.scenarios.reporting.setting import setting
from diffsem.scenarios.reporting.statistics import (
    attacks,
    eavesdropper_axis,
    leakage,
    outage,
    paper_attack,
    private_share,
    strongest_adversary,
)
from diffsem.scenarios.reporting.tables import attacks_table, leakage_table, terminal_table

SCHEDULE = NoiseSchedule()
SYSTEMS = ("classifier", "diffsem")


def row(system, node, timestep, snr_db, correct, own_snr_db=None, channel="awgn", attack="inversion-mlp", **more):
    low, high = wilson_interval(correct, 1000)
    return (
        {
            "system": system,
            "node": node,
            "attack": "" if node == "receiver" else attack,
            "transmitter": "clean-pair",
            "channel": channel,
            "snr_db": snr_db if own_snr_db is None else own_snr_db,
            "receiver_snr_db": snr_db,
            "timestep": timestep,
            "esnr_db": float(SCHEDULE.esnr_db(timestep)),
            "signal_power": float(SCHEDULE.alpha_bar[timestep]),
            "noise_step": 0,
            "matched_step": float(timestep),
            "ceiling": np.nan,
            "correct": correct,
            "total": 1000,
            "accuracy": correct / 1000,
            "ci_low": low,
            "ci_high": high,
            "images": 1000,
            "effective_images": 1000.0,
            "both_correct": -1,
            "clean_judge_correct": np.nan,
            "clean_judge_accuracy": np.nan,
            "worst_class": 8,
            "worst_class_correct": correct // 20,
            "worst_class_total": 100,
            "worst_class_accuracy": (correct // 20) / 100,
            "psnr_db": np.nan,
            "ssim": np.nan,
            "denoiser_calls": 0.0,
            "channel_uses": 32,
            "looks": 1,
            "knows_step": True,
            "surrogate": "",
            "training_images": 0,
            "training_epochs": 0,
            "warning": "",
            "stop_reason": "max_images",
        }
        | {name: ADDED[name] for name in ERROR_RATES}
        | more
    )


def point_result(rows, examples=(), by_step=None):
    if by_step is None:
        by_step = np.zeros([len(rows), 2, STEP_BINS], np.int64)
    return PointResult(Point(240, 15.0, ()), rows, by_step, list(examples), 1000)


def table(channel="awgn", attacked=True, step="matched"):
    rows, examples = [], []
    for timestep in (120, 240):
        for snr_db in (0.0, 15.0):
            for gain, system in enumerate(SYSTEMS):
                rows.append(row(system, "receiver", timestep, snr_db, 700 + 100 * gain, channel=channel))
                if attacked:
                    rows.append(row(system, "adversary", timestep, snr_db, 500, 5.0, channel, "task-classifier"))
                    rows.append(row(system, "adversary", timestep, snr_db, 600, 5.0, channel))
            if attacked:
                examples.append(
                    {
                        "transmitter": "clean-pair",
                        "attack": "inversion-mlp",
                        "timestep": timestep,
                        "receiver_snr_db": snr_db,
                        "snr_db": 5.0,
                        "images": np.full((3, 28, 28, 1), 0.5),
                    }
                )
    scenario = load_scenario("mnist-awgn", [f"denoising.step={step}"])
    originals = np.zeros((3, 28, 28, 1), np.uint8)
    return empty_table({"scenario": scenario.to_yaml()}, originals).with_point(point_result(rows, examples))


def test_every_attack_on_a_transmitter_is_there_once_the_most_accurate_first():
    found = attacks(table().rows)
    # Both systems are the clean pair's: four points, two attacks.
    assert list(found["attack"]) == ["inversion-mlp", "task-classifier"] * 4
    assert list(found["accuracy"]) == [0.6, 0.5] * 4
    text = printed(attacks_table(table().rows, "title"))
    assert text.count("inversion-mlp") == 4
    assert "60.00 [56.93, 62.99]" in text
    assert "Eve dB" not in text


def test_what_an_attack_has_learnt_from_and_made_is_shown_and_a_warning_is_marked():
    made = {"psnr_db": 17.24, "ssim": 0.7368, "clean_judge_accuracy": 0.555, "ceiling": 0.981}
    learnt = {"surrogate": "digits 100%", "training_images": 1685, "training_epochs": 37, "warning": "another channel"}
    name = "[red]x\x1b[2J"
    rows = [row("classifier", "adversary", 240, 15.0, 600, own, attack=name, **made, **learnt) for own in (0.0, 5.0)]
    built = empty_table({"scenario": ""}, np.zeros((1, 28, 28, 1), np.uint8)).with_point(point_result(rows))
    text = printed(attacks_table(built.rows, "title"))
    line = next(line for line in text.splitlines() if "1,685" in line)
    for word in ("[red]x\\x1b[2J", "17.2", "0.737", "55.5", "98.1", "digits 100%", "37 epochs", " ! "):
        assert word in line
    assert "Eve dB" in text
    assert "\x1b[2J" not in text


def test_the_gap_is_against_the_strongest_adversary():
    comparison = leakage(table().rows)
    assert len(comparison) == 8
    line = comparison[(comparison["system"] == "diffsem")].iloc[0]
    assert (line["receiver"], line["adversary"]) == (0.8, 0.6)
    assert line["gap"] == pytest.approx(0.2)
    assert (line["gap_low"], line["gap_high"]) == gap_interval(800, 1000, 600, 1000)


def test_without_an_attack_there_is_no_gap():
    comparison = leakage(table(attacked=False).rows)
    assert comparison["gap"].isna().all()
    assert (comparison["receiver"] > 0).all()


def attacked_table():
    """Two systems behind one transmitter and one that sends pictures, three attacks; no row is like another."""
    rows = []
    for place, timestep in enumerate((0, 120, 240)):
        loss = 100 * place
        for system, transmitter, gain in (("classifier", "clean-pair", 0), ("direct", "direct", 20)):
            shared = {"transmitter": transmitter}
            rows.append(row(system, "receiver", timestep, 15.0, 900 - loss + gain, **shared))
            attacks = {"inversion-mlp+blind": 300, "task-classifier": 880} | ({"as-heard": 870} if gain else {})
            for attack, correct in attacks.items():
                seen = {} if attack == "task-classifier" else {"ssim": 0.9 - 0.2 * place, "psnr_db": 20.0 - 3 * place}
                rows.append(row(system, "adversary", timestep, 15.0, correct - loss, attack=attack, **shared, **seen))
    scenario = load_scenario("fig5-mnist")
    originals = np.zeros((1, 28, 28, 1), np.uint8)
    return empty_table({"scenario": scenario.to_yaml()}, originals).with_point(point_result(rows))


def test_leakage_sets_the_strongest_attack_beside_the_papers_alone():
    lines = leakage(attacked_table().rows).set_index(["system", "timestep"])
    line = lines.loc[("classifier", 120)]
    assert (line["attack"], line["paper_attack"]) == ("task-classifier", "inversion-mlp+blind")
    assert line["gap"] == pytest.approx(0.8 - 0.78)
    assert (line["gap_low"], line["gap_high"]) == gap_interval(800, 1000, 780, 1000)
    assert line["paper_gap"] == pytest.approx(0.8 - 0.2)
    assert (line["paper_gap_low"], line["paper_gap_high"]) == gap_interval(800, 1000, 200, 1000)
    assert (line["receiver_worst"], line["adversary_worst"]) == (0.4, 0.39)


def test_the_strongest_attack_is_at_least_as_accurate_as_each_single_one():
    rows = attacked_table().rows
    strongest = strongest_adversary(rows)
    for line in rows[rows["node"] == "adversary"].to_dict("records"):
        key = (line["system"], line["timestep"], line["receiver_snr_db"], line["snr_db"])
        assert strongest.loc[key, "accuracy"] >= line["accuracy"]


@pytest.mark.parametrize("told", ["inversion-mlp", "inversion-residual"])
def test_an_attacker_that_is_told_the_step_is_not_the_papers(told):
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
    assert labels == [f"DiffSem's transmitter: {told}", f"Direct: {told}", "Direct: as-heard"]


SWEPT = (0.0, 5.0, 10.0)


def swept_table():
    """Three eavesdropper SNRs, two attacks of which the better one differs with the SNR; one pair has none."""
    rows = []
    for timestep in (120, 240):
        for snr_db in (0.0, 15.0):
            for place, own in enumerate(SWEPT):
                for attack, correct in (("inversion-mlp+blind", 300 + 200 * place), ("task-classifier", 550)):
                    seen = {"ssim": 0.5 + 0.1 * place, "psnr_db": 20.0} if attack != "task-classifier" else {}
                    more = {"ceiling": 0.7 + 0.1 * place, "both_correct": 200} | seen
                    rows.append(row("diffsem", "adversary", timestep, snr_db, correct, own, attack=attack, **more))
            rows.append(row("diffsem", "receiver", timestep, snr_db, 950, ceiling=0.99))
            rows.append(row("noise-aware-pair", "receiver", timestep, snr_db, 930, transmitter="noise-aware-pair"))
    scenario = load_scenario("mnist-awgn", ["eavesdropper.snr_db=[0, 5, 10]"])
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    return empty.with_point(point_result(rows))


STRONGEST = [0.55, 0.55, 0.7]


def printed(shown, width=200):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


def test_every_eavesdropper_snr_of_an_axis_has_a_row_of_its_own():
    rows = swept_table().rows
    assert eavesdropper_axis(rows) == list(SWEPT)
    assert len(strongest_adversary(rows)) == 3 * 4
    lines = leakage(rows)
    assert len(lines) == (3 + 1) * 4
    line = lines[(lines["timestep"] == 240) & (lines["receiver_snr_db"] == 15.0)]
    here = line[line["system"] == "diffsem"]
    assert list(here["eavesdropper_snr_db"]) == list(SWEPT)
    assert list(here["adversary"]) == STRONGEST
    assert list(here["attack"]) == ["task-classifier", "task-classifier", "inversion-mlp+blind"]
    np.testing.assert_allclose(here["paper_gap"], [0.95 - 0.3, 0.95 - 0.5, 0.95 - 0.7])
    np.testing.assert_allclose(here["adversary_ceiling"], [0.7, 0.8, 0.9])
    (alone,) = line[line["system"] == "noise-aware-pair"].to_dict("records")
    assert alone["receiver"] == 0.93
    assert np.isnan([alone["eavesdropper_snr_db"], alone["adversary"], alone["gap"]]).all()
    assert list(private_share(rows).groupby("snr_db").size()) == [8, 8, 8]


@pytest.mark.parametrize("make", [terminal_table, leakage_table])
def test_tables_have_a_column_for_the_eavesdroppers_snr_where_it_is_an_axis(make):
    text = printed(make(swept_table().rows, "title"))
    assert "Eve dB" in text
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "15 │" in line]
    column = [row[4] for row in cells]
    assert column == ["0", "5", "10", "-"] * 2
    for number, snr_db in (("55.00", "0"), ("55.00", "5"), ("70.00", "10")):
        assert any(row[4] == snr_db and any(cell.startswith(number) for cell in row) for row in cells)
    assert "Eve dB" not in printed(make(table().rows, "title"))


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_table_still_tells_its_rows_apart(width):
    text = printed(terminal_table(swept_table().rows, "title"), width)
    points = [[cell.strip() for cell in line.split("│")[1:6]] for line in text.splitlines() if "│" in line]
    points = [(row[0], row[1], row[4]) for row in points if row[0]]
    assert points == [(t, snr, own) for t in ("120", "240") for snr in ("0", "15") for own in ("0", "5", "10", "-")]
    assert "…" not in text


def test_figures_show_every_eavesdropper_snr(tmp_path):
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
    assert list(curves) == [f"DiffSem, eavesdropper {snr_db} dB" for snr_db in (0, 5, 10)]
    for curve, accuracy in zip(curves.values(), STRONGEST, strict=True):
        np.testing.assert_allclose(curve.get_xdata(orig=False), accuracy)
    assert save_figures([built], tmp_path, "swept")


def test_ceilings_of_an_eavesdropper_axis_are_one_each():
    built = swept_table()
    drawn = ceilings(built, built.rows[built.rows["transmitter"] == "clean-pair"], "timestep")
    assert {label: list(np.round(curve, 6)) for label, curve in drawn.items()} == {
        "ceiling: receiver of clean-pair": [0.99, 0.99],
        "ceiling: eavesdropper on clean-pair, 0 dB": [0.7, 0.7],
        "ceiling: eavesdropper on clean-pair, 5 dB": [0.8, 0.8],
        "ceiling: eavesdropper on clean-pair, 10 dB": [0.9, 0.9],
    }


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "both awgn"),
        (["eavesdropper.snr_db={offset: -5}"], "both awgn; eavesdropper offset -5 dB"),
        (["eavesdropper.snr_db={offset: 0}"], "both awgn"),
        (["eavesdropper.snr_db={distance: 10, path_loss_exponent: 2}"], "both awgn; eavesdropper offset -20 dB"),
        (["eavesdropper.snr_db=[0, 5, 10]"], "both awgn; eavesdropper SNR 0, 5, 10 dB"),
        (["legitimate.snr_db=[15]", "eavesdropper.snr_db=[15]"], "both awgn"),
        (["eavesdropper.looks=10"], "both awgn; eavesdropper 10 looks"),
        (
            [
                "eavesdropper.channel={kind: rayleigh}",
                "eavesdropper.snr_db={offset: -5}",
                "eavesdropper.receive_antennas=2",
                "eavesdropper.looks=10",
            ],
            "receiver awgn; eavesdropper rayleigh, offset -5 dB, 2 antennas, 10 looks",
        ),
        (["legitimate.receive_antennas=2", "eavesdropper.receive_antennas=2"], "both awgn, 2 antennas"),
        (["legitimate.receive_antennas=2"], "receiver awgn, 2 antennas; eavesdropper awgn, 1 antenna"),
        (
            ["legitimate.channel={kind: rician}", "eavesdropper.channel={kind: rician, k_factor_db: 0}"],
            "receiver rician k_factor_db 6.0; eavesdropper rician k_factor_db 0.0",
        ),
    ],
)
def test_titles_say_what_the_eavesdropper_does_not_share_with_the_receiver(overrides, words):
    scenario = load_scenario("mnist-awgn", overrides)
    built = replace(table(), attributes={"scenario": scenario.to_yaml()})
    assert setting(scenario.to_yaml(), built.rows) == words
    judged = replace(attacked_table(), attributes=built.attributes)
    figures = [accuracy_figure(built, "timestep", 15.0), attacks_figure(built, "clean-pair", 15.0)]
    figures += [quality_figure(judged, 15.0), channel_figure(built, "diffsem")]
    titles = [figure.get_suptitle() for figure in figures] + [front_figure([built], 15.0).axes[0].get_title()]
    for title in titles:
        assert title.startswith(f"mnist-awgn: {words}")
    plt.close("all")
    without = words.split(";")[0].removeprefix("both ").removeprefix("receiver ").removesuffix(" k_factor_db 6.0")
    assert setting(scenario.to_yaml(), built.rows[:0]) == without


def test_titles_read_a_scenario_from_before_the_newer_keys():
    older = "name: old\nlegitimate: {snr_db: [15], channel: {kind: awgn}}\neavesdropper: {snr_db: same}\n"
    assert setting(older, table().rows) == "both awgn"
    assert setting("name: old\n", table().rows) == "both awgn"


def test_the_quality_figure_draws_one_curve_a_transmitter_and_attack(tmp_path):
    figure = quality_figure(attacked_table(), 15.0)
    left, right = figure.axes
    drawn = {container.get_label(): container[0] for container in left.containers}
    assert list(drawn) == [
        "DiffSem's transmitter: inversion-mlp+blind",
        "Direct: inversion-mlp+blind",
        "Direct: as-heard",
    ]
    np.testing.assert_allclose(drawn["Direct: as-heard"].get_xdata(orig=False), [0.9, 0.7, 0.5])
    np.testing.assert_allclose(drawn["Direct: as-heard"].get_ydata(orig=False), [0.87, 0.77, 0.67])
    np.testing.assert_allclose(right.containers[0][0].get_xdata(orig=False), [20, 17, 14])


def test_the_attacks_figure_draws_every_attack_and_the_best_receiver():
    (panel,) = attacks_figure(attacked_table(), "direct", 15.0).axes
    lines = {line.get_label(): line.get_ydata(orig=False) for line in panel.get_lines()}
    assert set(lines) == {"best receiver at each t", "inversion-mlp+blind", "task-classifier", "as-heard"}
    np.testing.assert_allclose(lines["best receiver at each t"], [0.92, 0.82, 0.72])
    np.testing.assert_allclose(lines["task-classifier"], [0.88, 0.78, 0.68])


def test_the_channel_figure_has_a_receiver_and_an_adversary_for_every_snr():
    (panel,) = channel_figure(table(), "diffsem").axes
    labels = [line.get_label() for line in panel.get_lines()]
    assert len(labels) == 4
    assert {"receiver, 0 dB", "receiver, 15 dB"} < set(labels)
    np.testing.assert_allclose(panel.get_lines()[1].get_ydata(orig=False), [0.6, 0.6])


def test_pictures_do_not_blur_the_ceiling_of_64_symbols():
    built = attacked_table()
    noisy = built.rows.copy()
    noisy.loc[noisy["transmitter"] == "direct", "matched_step"] = 499.0
    ceiling = ceiling_over(built, noisy, "timestep")
    assert ceiling[240] == pytest.approx(simplex_ceiling(SCHEDULE.esnr_db(240), 64, 10), abs=1e-6)


def test_the_accuracy_figure_can_be_told_whom_to_draw():
    figure = accuracy_figure(attacked_table(), "timestep", 15.0, systems=["direct"], attacks=["as-heard"])
    lines = {line.get_label(): line.get_ydata(orig=False) for line in figure.axes[0].get_lines()}
    assert set(lines) == {"Direct", "adversary on direct"}
    np.testing.assert_allclose(lines["adversary on direct"], [0.87, 0.77, 0.67])


def test_reconstructions_can_be_chosen(tmp_path):
    built = table()
    assert len(reconstruction_figure(built, 15.0, timesteps=[120]).axes) == 2 * 3
    with pytest.raises(InputError, match="none at 15 dB of the kind"):
        reconstruction_figure(built, 15.0, attacks=["as-heard"])


def test_figures_are_drawn_for_every_axis(tmp_path):
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


def test_the_accuracy_figure_draws_bands_from_the_intervals():
    figure = accuracy_figure(table(), "receiver_snr_db", 240)
    top, bottom = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in top.get_lines()}
    np.testing.assert_allclose(lines["DiffSem"], [0.8, 0.8])
    np.testing.assert_allclose(lines["adversary on clean-pair"], [0.6, 0.6])
    # Bands in the order of drawing: classifier, the adversary that it shares with DiffSem, DiffSem.
    vertices = top.collections[2].get_paths()[0].vertices[:, 1]
    assert vertices.min() == pytest.approx(wilson_interval(800, 1000)[0])
    assert vertices.max() == pytest.approx(wilson_interval(800, 1000)[1])
    assert len(bottom.collections) == 2


def test_the_ceiling_is_that_of_the_noise_the_receiver_faces():
    built = table()
    ceiling = ceiling_over(built, built.rows, "timestep")
    assert ceiling[240] == pytest.approx(simplex_ceiling(SCHEDULE.esnr_db(240), 64, 10), abs=1e-6)
    for other in (table(channel="rayleigh"), table(step="transmitter")):
        assert ceiling_over(other, other.rows, "timestep").empty


def test_ceilings_are_those_of_each_node_and_equal_ones_are_drawn_once():
    rows = []
    for timestep in (120, 240):
        for transmitter, receiver, adversary in (("reference", 0.9, 0.9), ("keyed-self-noise", 0.99, 0.9)):
            shared = {"transmitter": transmitter}
            rows.append(row("reference", "receiver", timestep, 15.0, 800, ceiling=receiver, **shared))
            rows.append(row("reference", "adversary", timestep, 15.0, 700, ceiling=adversary, **shared))
    scenario = load_scenario("mnist-keyed-scramble")
    built = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8)).with_point(
        point_result(rows)
    )
    drawn = ceilings(built, built.rows, "timestep")
    assert {label: list(curve) for label, curve in drawn.items()} == {
        "ceiling: receiver of reference (and 2 like it)": [0.9, 0.9],
        "ceiling: receiver of keyed-self-noise": [0.99, 0.99],
    }
    line = leakage(built.rows).iloc[0]
    assert (line["receiver_ceiling"], line["adversary_ceiling"]) == (0.9, 0.9)


def test_the_front_has_the_receiver_over_the_strongest_attack():
    panel = front_figure([attacked_table()], 15.0).axes[0]
    curves = {container.get_label(): container.lines[0] for container in panel.containers}
    line = curves["Classifier (no denoiser)"]
    np.testing.assert_allclose(line.get_xdata(orig=False), [0.88, 0.78, 0.68])
    np.testing.assert_allclose(line.get_ydata(orig=False), [0.9, 0.8, 0.7])


def test_several_attacked_tables_are_drawn_as_one_front(tmp_path):
    paths = save_figures([attacked_table(), table()], tmp_path, "both")
    assert [path.name for path in paths] == ["both-front.png", "both-front.pdf"]
    labels = [container.get_label() for container in front_figure([attacked_table(), table()], 15.0).axes[0].containers]
    assert "fig5-mnist: Direct" in labels
    assert "mnist-awgn: DiffSem" in labels


def test_the_schedule_figure_marks_where_esnr_is_zero():
    figure = schedule_figure(SCHEDULE)
    assert any("t = 184" in text.get_text() for text in figure.axes[1].texts)


def solver_table(solver, steps, correct):
    scenario = load_scenario("mnist-solvers", [f"denoising={{solver: {solver}, steps: {steps}}}"])
    calls = {"classifier": 0.0, "one-step": 1.0, "diffsem": float(steps)}
    rows = [row(system, "receiver", 240, 15.0, correct) | {"denoiser_calls": count} for system, count in calls.items()]
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    return empty.with_point(point_result(rows))


def test_accuracy_against_calls_has_every_solver_once(tmp_path):
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
    np.testing.assert_allclose(drawn["DiffSem, ddim"], [0.8, 0.85])
    with pytest.raises(InputError, match="no receiver with a denoiser"):
        calls_figure([replace(tables[0], rows=tables[0].rows[tables[0].rows["system"] == "classifier"])])


def test_a_one_step_estimate_makes_one_call_whatever_the_solver():
    rows = [row(system, "receiver", 240, 15.0, 800) | {"denoiser_calls": 1.0} for system in ("one-step", "reference-one-step")]
    scenario = load_scenario("mnist-solvers", ["denoising={solver: dpm-solver++, steps: 3}"])
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    built = empty.with_point(point_result(rows))
    assert set(accuracy_against_calls([built])["solver"]) == {"one call"}
    labels = [container.get_label() for container in calls_figure([built]).axes[0].containers]
    assert labels == ["one-step estimate", "reference pair, one-step estimate"]


def test_an_empty_table_has_nothing_to_draw(tmp_path):
    empty = empty_table({"scenario": "name: x\n"}, np.zeros((1, 28, 28, 1), np.uint8))
    with pytest.raises(InputError, match="nothing to draw"):
        save_figures([empty], tmp_path, "empty")


def test_a_folder_that_cannot_be_made_ends_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_figures([table()], tmp_path / "file" / "folder", "demo")


def fading_table(rule="matched"):
    """A receiver and an attack at two SNRs; accuracy is 1 below step 200, 0.5 at 200 to 209, and 0 beyond."""
    rows, by_step = [], np.zeros([4, 2, STEP_BINS], np.int64)
    for place, snr_db in enumerate((0.0, 10.0)):
        rows.append(row("diffsem", "receiver", 120, snr_db, 960, channel="rayleigh"))
        rows.append(row("diffsem", "adversary", 120, snr_db, 900, channel="rayleigh", both_correct=880))
        # 900 images below, 80 in the bin where the 5th percentile lies, 20 beyond it; 10 dB: nobody beyond.
        by_step[2 * place : 2 * place + 2, 1, [10, 20, 21]] = (900, 80, 20) if snr_db == 0 else (1000, 0, 0)
        by_step[2 * place : 2 * place + 2, 0, [10, 20]] = (900, 40) if snr_db == 0 else (1000, 0)
    scenario = load_scenario("mnist-rayleigh", [f"denoising.step={rule}"])
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    return empty.with_point(point_result(rows, by_step=by_step))


def test_outage_is_the_accuracy_where_the_worst_blocks_begin():
    lines = outage(fading_table()).set_index(["node", "receiver_snr_db"])
    assert STEPS_A_BIN == 10
    line = lines.loc[("receiver", 0.0)]
    assert (line["mean"], line["outage"], line["outage_total"]) == (0.96, 0.5, 80)
    assert (line["outage_low"], line["outage_high"]) == wilson_interval(40, 80)
    assert lines.loc[("receiver", 10.0), "outage"] == 1
    assert len(lines) == 4


def test_a_receiver_that_takes_the_transmitters_step_knows_no_outage():
    assert set(outage(fading_table("transmitter"))["node"]) == {"adversary"}


def test_outage_is_drawn_below_the_mean():
    names = [name for name, _ in figures_of(fading_table())]
    assert "outage-t120" in names
    assert "outage-t120" not in [name for name, _ in figures_of(table())]
    mean, worst = outage_figure(fading_table(), 120).axes[0].get_lines()
    assert list(mean.get_ydata()) == [0.96, 0.96]
    assert list(worst.get_ydata()) == [0.5, 1.0]


def test_without_an_attack_there_is_no_panel_for_the_gap():
    assert len(accuracy_figure(table(attacked=False), "receiver_snr_db", 240).axes) == 1
    assert len(accuracy_figure(table(), "receiver_snr_db", 240).axes) == 2


def test_the_private_share_is_what_the_receiver_reads_and_the_attack_does_not():
    lines = private_share(fading_table().rows)
    assert list(lines["private"]) == [0.08, 0.08]
    assert (lines["private_low"].iloc[0], lines["private_high"].iloc[0]) == wilson_interval(80, 1000)
    assert private_share(table().rows).empty  # a table from before the column was there


def error_table(overrides=()):
    scenario = load_scenario("ber-calibration", overrides)
    rows = []
    for snr_db, wrong in ((0.0, 4000), (8.0, 0)):
        for name in ("bits+bpsk", "bits+qpsk+0.5"):
            rates = {"bits": 51_200, "bit_errors": wrong, "squared_bit_errors": wrong * 50, "ber": wrong / 51_200}
            rates |= {"ber_low": rates["ber"] * 0.9, "ber_high": rates["ber"] * 1.1 + 1e-4, "blocks": 100}
            rates |= {"block_errors": wrong // 50, "bler": wrong / 5000, "bler_low": wrong / 6000, "bler_high": 1.0}
            more = {"transmitter": "", "scored": "block"} | rates
            rows.append(row(name, "receiver", 0, snr_db, 500, **more))
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    return empty.with_point(point_result(rows))


def test_links_that_count_errors_are_no_rows_of_accuracy():
    assert leakage(error_table().rows).empty
    assert [name for name, _ in figures_of(error_table())] == ["error-rates"]


@pytest.mark.parametrize(
    ("channel", "antennas", "branches"), [("awgn", 1, None), ("rayleigh", 1, 1), ("rayleigh", 2, 2), ("rician", 1, 0)]
)
def test_the_error_rate_figure_draws_closed_forms_where_there_are_some(channel, antennas, branches):
    built = error_table([f"legitimate.channel={{kind: {channel}}}", f"legitimate.receive_antennas={antennas}"])
    panel = error_rate_figure(built, 0).axes[0]
    drawn = [line for line in panel.get_lines() if len(line.get_xdata()) == 200]
    assert len(drawn) == (0 if branches == 0 else 1)
    for line in drawn:
        np.testing.assert_allclose(line.get_ydata(), bit_error_rate("bpsk", line.get_xdata(), branches))
    # Where no error was seen, the end of the interval.
    limits = [line for line in panel.get_lines() if line.get_marker() == "v"]
    assert [list(line.get_ydata()) for line in limits] == [[1e-4]] * 2


@pytest.mark.parametrize(
    "overrides",
    [
        ["legitimate.csi={pilots: 1}"],
        ["legitimate.snr_estimate_error_db={deviation: 3}"],
        ["denoising.step=transmitter"],
    ],
)
def test_there_is_no_ceiling_where_the_noise_differs_between_images_or_is_not_known(overrides):
    built = table()
    scenario = load_scenario("mnist-awgn", overrides)
    other = replace(built, attributes={"scenario": scenario.to_yaml()})
    assert len(ceiling_over(built, built.rows, "timestep")) == 2
    assert ceiling_over(other, built.rows, "timestep").empty
