"""Result tables whose numbers are known beforehand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from rich.console import Console

from diffsem.link import ADDED, ERROR_RATES, STEP_BINS, Point, PointResult, empty_table, wilson_interval
from diffsem.models import NoiseSchedule
from diffsem.scenarios import load_scenario
from diffsem.scenarios.schema.strict_yaml import read_yaml, write_yaml

SCHEDULE = NoiseSchedule()
SYSTEMS = ("classifier", "diffsem")
SWEPT = (0.0, 5.0, 10.0)


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
    scenario = load_scenario("mnist-awgn", [f"denoising.step={step}", f"legitimate.channel={{kind: {channel}}}"])
    originals = np.zeros((3, 28, 28, 1), np.uint8)
    return empty_table({"scenario": scenario.to_yaml()}, originals).with_point(point_result(rows, examples))


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


def printed(shown, width=200):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(shown)
    return capture.get()


def solver_table(solver, steps, correct):
    scenario = load_scenario("mnist-solvers", [f"denoising={{solver: {solver}, steps: {steps}}}"])
    calls = {"classifier": 0.0, "one-step": 1.0, "diffsem": float(steps)}
    rows = [row(system, "receiver", 240, 15.0, correct) | {"denoiser_calls": count} for system, count in calls.items()]
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    return empty.with_point(point_result(rows))


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


LISTS = {"seed": [1, 2], "eavesdropper.looks": [1, 10]}


def variants_table():
    """A table of each combination, in which receivers differ with the seed and attacks with the looks too."""
    whole = table()
    parts = []
    for seed in LISTS["seed"]:
        for looks in LISTS["eavesdropper.looks"]:
            axes = {"seed": seed, "eavesdropper_looks": looks}
            rows, heard = whole.rows.assign(**axes), whole.rows["node"] == "adversary"
            rows["correct"] += 10 * seed + looks * heard
            rows["accuracy"] = rows["correct"] / rows["total"]
            rows["ci_low"], rows["ci_high"] = zip(*map(wilson_interval, rows["correct"], rows["total"]), strict=True)
            rows["both_correct"] = np.where(heard, 100 * seed + looks, rows["correct"])
            by_step = np.full([len(rows), 2, STEP_BINS], seed)
            parts.append((rows, by_step, whole.examples.index.assign(**axes), whole.examples.reconstructions + seed))
    words = read_yaml(str(whole.attributes["scenario"]))
    words["seed"], words["eavesdropper"]["looks"] = LISTS.values()
    rows, by_step, index, reconstructions = zip(*parts, strict=True)
    return replace(
        whole,
        attributes={"scenario": write_yaml(words)},
        rows=pd.concat(rows, ignore_index=True),
        by_step=np.concatenate(by_step),
        examples=replace(
            whole.examples,
            index=pd.concat(index, ignore_index=True),
            reconstructions=np.concatenate(reconstructions),
        ),
    )


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(name="row")
def row_fixture():
    return row


@pytest.fixture(name="point_result")
def point_result_fixture():
    return point_result


@pytest.fixture(name="table")
def table_fixture():
    return table


@pytest.fixture(name="attacked_table")
def attacked_table_fixture():
    return attacked_table


@pytest.fixture(name="swept_table")
def swept_table_fixture():
    return swept_table


@pytest.fixture(name="printed")
def printed_fixture():
    return printed


@pytest.fixture(name="solver_table")
def solver_table_fixture():
    return solver_table


@pytest.fixture(name="fading_table")
def fading_table_fixture():
    return fading_table


@pytest.fixture(name="error_table")
def error_table_fixture():
    return error_table


@pytest.fixture(name="variants_table")
def variants_table_fixture():
    return variants_table
