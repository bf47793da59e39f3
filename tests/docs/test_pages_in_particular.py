"""What the pages of CIFAR-10, defences and channels ask for, against values worked out otherwise."""

import math
from collections import Counter

import pytest
from rendering import calibration, comparisons, defending, fading, panels, qualities, records, step_rules, tables
from rendering.claims import PageError
from rendering.measures import counted
from scipy.special import erfc
from scipy.stats import binomtest

HIGH, LOW, MIDDLE = counted(900, 1000), counted(100, 1000), counted(110, 1000)


def shipped(name):
    return tables.table(f"notebooks/{name}.h5")


def test_differences_of_many_columns_are_told_together():
    high, low, middle = {0: HIGH, 60: HIGH}, {0: LOW, 60: LOW}, {0: MIDDLE, 60: MIDDLE}
    found = comparisons.pairwise([high], [low, middle], [0, 60])
    assert [round(one.value, 6) for one in found] == [80, 80, 79, 79]
    assert comparisons.all_ahead(found)
    assert not comparisons.none_told(found)
    # 110 and 100 of 1,000: sqrt(0.11 * 0.89 / 1000 + 0.1 * 0.9 / 1000) is 1.4 points, 1.96 of which hold the 1 between.
    assert comparisons.none_told(comparisons.pairwise([middle], [low], [0, 60]))
    assert comparisons.none_ahead(comparisons.pairwise([low], [high], [0]))
    assert comparisons.farthest(comparisons.pairwise([low], [high], [0])) == pytest.approx(80)


@pytest.mark.parametrize("claim", [comparisons.all_ahead, comparisons.none_ahead, comparisons.none_told])
def test_nothing_proves_nothing(claim):
    assert not claim([])


def test_disjoint_asks_more_than_a_difference_that_is_told():
    first, second = {0: counted(130, 1000)}, {0: counted(100, 1000)}
    assert comparisons.all_ahead(comparisons.pairwise([first], [second], [0]))
    assert not comparisons.all_disjoint([first], [second], [0])
    assert comparisons.none_disjoint([first], [second], [0])
    assert comparisons.all_disjoint([{0: HIGH}], [second], [0])


def test_the_closed_form_of_bpsk_is_counted_as_by_hand():
    one = shipped("channels/ber-awgn")
    rows = one.rows[one.rows["system"] == "bits+bpsk"]
    exact = 0.5 * erfc((10 ** (rows["snr_db"] / 10)) ** 0.5)
    found = next(link for link in calibration.closed_forms(one) if link.modulation == "bpsk")
    assert found.inside == ((rows["ber_low"] <= exact) & (exact <= rows["ber_high"])).sum()
    assert (found.snrs, found.silent) == (len(rows), (rows["bit_errors"] == 0).sum())
    # The closed form at an SNR that is off by what is said passes the rate that was seen, or comes next to it.
    far = rows[rows["bit_errors"] >= 100]
    for snr_db, rate in zip(far["snr_db"], far["ber"], strict=True):
        ends = [0.5 * erfc(math.sqrt(10 ** ((snr_db + sign * found.offset_db) / 10))) for sign in (-1, 1)]
        assert ends[1] - 1e-4 <= rate <= ends[0] + 1e-4


def test_a_coded_link_has_no_closed_form():
    links = calibration.closed_forms(shipped("channels/ber-awgn"))
    assert [link.modulation for link in links] == ["bpsk", "qpsk", "16qam", "64qam", "256qam"]


@pytest.mark.slow
def test_what_a_step_gains_is_the_difference_of_two_runs():
    rows = [shipped(f"channels/step-{rule}-mnist-tdl").rows for rule in ("matched", "mean")]
    correct = [one[(one["system"] == "one-step") & (one["timestep"] == 120)]["correct"].iloc[0] for one in rows]
    gain = step_rules.step_gain("mnist-tdl", "one-step", "mean", 120)
    assert gain.value == pytest.approx(100 * (correct[0] - correct[1]) / 10_000)
    assert step_rules.step_disjoint(["mnist-tdl"], ["one-step"], "mean")
    assert not step_rules.step_disjoint(["mnist-rayleigh"], ["one-step"], "mean")
    assert step_rules.step_overlap("mnist-mismatch", ["one-step"], "transmitter")
    assert not step_rules.step_overlap("mnist-tdl", ["one-step"], "mean")


def test_the_strongest_attack_is_that_of_all_tables():
    several = defending.shipped("defences", "keyed-self-noise", "wide-keyed-self-noise")
    best = max(
        one.rows.query("node == 'adversary' and system == 'diffsem' and timestep == 240")["accuracy"].max()
        for one in several
    )
    found = defending.strongest_on(several, "diffsem", 240)
    assert (found.value, found.row["attack"]) == (100 * best, "task-classifier-wide")
    with pytest.raises(PageError, match="in none"):
        defending.strongest_on(several, "diffsem", 241)


def test_a_bound_for_the_priors_of_mnist():
    # Its test images, as published. 3.722 classes' worth: the three largest in full, 0.722 of the fourth.
    images = sorted([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], reverse=True)
    ceiling = 0.3722
    cell = counted(1, 10)
    cell.row["ceiling"] = ceiling
    expected = (sum(images[:3]) + (10 * ceiling - 3) * images[3]) / 10_000
    assert defending.bound_under_priors(cell) == pytest.approx(100 * expected)
    assert defending.largest_class() == pytest.approx(11.35)


def test_only_a_keystream_that_repeats_lets_attacks_pass_their_ceiling():
    found = defending.above_ceiling(defending.shipped("defences", "keyed-weak"))
    assert Counter(line.split(": ")[1].split(" on ")[0] for line in found)["task-classifier"] >= 1
    assert defending.above_ceiling(defending.shipped("defences", "keyed-known-keys-0.5")) == []


def test_constants_of_the_program():
    # A session of 64 bits, a number of 32 and a tag of 16 bytes.
    assert defending.constants("announcement bytes") == 8 + 4 + 16
    assert defending.beam_gain_db(4) == pytest.approx(6.0206, abs=1e-4)
    with pytest.raises(PageError, match="weak period"):
        defending.constants("others")


def test_the_private_share_is_what_the_receiver_reads_alone():
    one = shipped("channels/correlation-0")
    rows = one.rows[(one.rows["system"] == "one-step") & (one.rows["timestep"] == 240)]
    reads = rows[rows["node"] == "receiver"]["correct"].iloc[0]
    both = rows[rows["attack"] == "task-classifier"]["both_correct"].iloc[0]
    share = fading.private(one, "one-step", "task-classifier", 240)
    low, high = binomtest(int(reads - both), 10_000).proportion_ci(0.95, method="wilson")
    assert (share.value, share.low, share.high) == pytest.approx((100 * (reads - both) / 10_000, 100 * low, 100 * high))


def test_bad_blocks_are_worse_than_the_mean_and_one_row_is_meant():
    rayleigh = shipped("channels/rayleigh")
    mean = fading.block_mean(rayleigh, "one-step", 120, 10)
    assert mean.value == rayleigh.receiver("one-step", t=120, snr_db=10).value
    assert fading.apart_by(mean, fading.bad_blocks(rayleigh, "one-step", 120, 10))
    with pytest.raises(PageError, match="0 rows"):
        fading.bad_blocks(rayleigh, "one-step", 121, 10)


def test_blocks_of_digital_links():
    # 32 features a bit or two, sent together.
    links = shipped("channels/digital")
    assert fading.block_sizes(links, ["digital", "digital+16qam+1bit"]) == [64, 128]
    assert fading.block_errors(links.receiver("digital", snr_db=-10)).startswith("1.000 [")


def test_the_second_judge_has_an_interval_of_its_own():
    cell = shipped("fig10-cifar10").attack("clean-pair", "inversion-residual", t=0)
    judged = qualities.by_clean_judge(cell)
    low, high = binomtest(int(cell.row["clean_judge_correct"]), 2560).proportion_ci(0.95, method="wilson")
    assert (judged.low, judged.high) == pytest.approx((100 * low, 100 * high))
    assert judged.short == cell.clean
    assert qualities.quality(cell, "ssim", 2) == f"{cell.row['ssim']:.2f}"


def test_a_record_tells_minutes_and_epochs():
    stages = {
        "a": {"command": "diffsem train x", "seconds_training": 90, "epochs": 3, "history": [{"loss": 2}, {"loss": 1}]},
        "b": {"command": "diffsem train x", "seconds_training": 30, "epochs": 4},
        "c": {"command": "diffsem train y", "seconds_training": 600, "epochs": 3},
    }
    record = records.Trainings("record", stages)
    assert record.minutes("diffsem train x") == "2"
    assert record.epochs("a", "c") == "3"
    assert record.history("a", "loss") == [2, 1]
    with pytest.raises(PageError, match="differ"):
        record.epochs("a", "b")
    with pytest.raises(PageError, match="no stage"):
        record.minutes("diffsem pack")


def test_the_lambda_that_is_taken_is_bold():
    line = {"accuracy": [60.0], "decoder_error": 0.05}
    tried = {
        "trainings": [
            {"system": "ibal", "lambda": 2, "validation": 64.0, **line},
            {"system": "ibal", "lambda": 5, "validation": 61.8, **line},
        ]
    }
    assert records.lambda_lines(tried) == [
        ["`ibal`", "**2**", "64.0", "60.0"],
        ["`ibal`", "5", "61.8", "60.0"],
    ]


def test_times_and_what_was_wrong_once():
    times = {"no denoiser": [1], "diffsem": [519, 505, 534]}
    timed = {"machines": [{"what": "CPU", "device": "cpu", "milliseconds": times}]}
    assert records.time_lines(timed, ["no denoiser", "diffsem"]) == [["CPU", "1", "519 [505, 534]"]]
    assert records.added_milliseconds(timed, "cpu") == [518]
    wrong = {"steps": [0, 60], "direct": [[68.4, 66.6, 70.2], [61.5, 59.6, 63.4]]}
    right = {0: counted(742, 1000), 60: counted(686, 1000)}
    assert records.corrected(wrong, "direct", right)[60] == "61.5 [59.6, 63.4]"
    assert records.most_missed(wrong, "direct", right) == pytest.approx(68.6 - 61.5)


def test_figures_of_several_tables_have_a_panel_a_step():
    both = {name: shipped(f"channels/{name}").result for name in ("rayleigh", "simo")}
    figure = panels.channels_figure(both, "one-step", [120, 240])
    assert [len(panel.get_lines()) for panel in figure.axes] == [2, 2]
    row = shipped("channels/simo").receiver("one-step", t=240, snr_db=20)
    assert figure.axes[1].get_lines()[1].get_ydata()[-1] == pytest.approx(row.value / 100)


def blocks_before(page):
    """Of every table and figure of a page: itself, and what stands between it and the heading above."""
    section = []
    for block in page.read_text().split("\n\n"):
        if block.startswith("#"):
            section = []
        if block.startswith(("|", "![")):
            yield block, " ".join(section[-2:])
        section.append(" ".join(block.split()))


@pytest.mark.parametrize("name", ["cifar10", "cifar10/fig9", "cifar10/fig10"])
def test_beside_everything_of_cifar_10_stands_that_its_images_were_recompressed(name):
    for block, above in blocks_before(tables.ROOT / "docs" / "results" / f"{name}.md"):
        timing = "no denoiser | `one-step` |\n|---" in block or "two DDIM steps" in block
        assert timing or "recompressed" in above + block.split("](")[0], block[:200]
