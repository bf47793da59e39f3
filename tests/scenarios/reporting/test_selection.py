import numpy as np
import pandas as pd
import pytest

from diffsem.link import AXES, InputError
from diffsem.scenarios.reporting.axes import swept_columns
from diffsem.scenarios.reporting.selection import select, select_table


def with_looks(table, *counts):
    """The rows of a table once for each number of looks, which the eavesdropper alone has."""
    parts = []
    for count in counts:
        rows = table.rows.copy()
        rows.loc[rows["node"] == "adversary", "looks"] = count
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def test_all_is_kept_where_nothing_is_asked_for(table):
    rows = table().rows
    pd.testing.assert_frame_equal(select(rows), rows)
    whole = table()
    assert select_table(whole) is whole


@pytest.mark.parametrize("given", [["diffsem"], ["diffsem", "diffsem"], ["diffsem,e"], [" diffsem , e"]])
def test_systems_are_repeated_or_separated_by_commas(given, table):
    wanted = {part.strip() for name in given for part in name.split(",")}
    rows = table().rows.replace({"system": {"classifier": "e"}})
    assert list(select(rows, given).index) == [place for place, name in enumerate(rows["system"]) if name in wanted]


def test_a_system_whose_name_holds_a_comma_is_found(table):
    rows = table().rows.replace({"system": {"diffsem": "a,b"}})
    assert set(select(rows, ["a,b"])["system"]) == {"a,b"}
    assert set(select(rows, ["classifier", "a,b"])["system"]) == {"classifier", "a,b"}


def test_a_point_is_one_of_the_receivers(table):
    rows = table().rows
    kept = select(rows, at="t=240, snr=15")
    assert len(kept) == len(rows) / 4
    assert set(kept["timestep"]) == {240}
    assert set(kept["receiver_snr_db"]) == {15.0}
    assert set(kept["node"]) == {"receiver", "adversary"}
    assert len(select(rows, at="t=120")) == len(rows) / 2
    assert list(select(rows, at="snr=15.0").index) == list(select(rows, at="snr=1.5e1").index)


def test_the_eavesdroppers_snr_keeps_the_receivers_it_listens_beside(swept_table):
    rows = swept_table().rows
    kept = select(rows, at="eavesdropper_snr=5")
    assert set(kept.loc[kept["node"] == "adversary", "snr_db"]) == {5.0}
    assert (kept["node"] == "receiver").sum() == (rows["node"] == "receiver").sum()
    rows.loc[rows["node"] == "adversary", "snr_db"] = rows["receiver_snr_db"]
    kept = select(rows, at="eavesdropper_snr=15")
    assert set(kept["receiver_snr_db"]) == {15.0}


def test_another_swept_column_has_its_own_name(table):
    rows = with_looks(table(), 1, 10)
    assert swept_columns(rows) == ["looks"]
    assert swept_columns(table().rows) == []
    for at in ("looks=10", "eavesdropper_snr=5,looks=10", "looks=10,t=240"):
        kept = select(rows, at=at)
        assert set(kept.loc[kept["node"] == "adversary", "looks"]) == {10}
        assert set(kept.loc[kept["node"] == "receiver", "looks"]) == {1}
    seeds = pd.concat([rows.assign(seed=seed) for seed in (1, 2)], ignore_index=True)
    assert swept_columns(seeds) == ["seed", "looks"]
    kept = select(seeds, at="seed=2,looks=10")
    assert set(kept["seed"]) == {2}
    assert set(kept.loc[kept["node"] == "adversary", "looks"]) == {10}


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_has_its_columns_name_and_a_short_one(axis, table):
    short = {"denoising_steps": "steps", "transmit_antennas": "tx", "receiver_antennas": "rx"}
    short |= {"eavesdropper_antennas": "everx", "eavesdropper_looks": "looks", "seed": "seed"}
    short |= {"place": "place"}
    rows = pd.concat([table().rows.assign(**{axis: value}) for value in (2, 4)], ignore_index=True)
    for name in (axis, short[axis]):
        kept = select(rows, at=f"{name}=4")
        assert set(kept[axis]) == {4}
        assert len(kept) == len(rows) / 2
    if short[axis] != axis:
        with pytest.raises(InputError, match=f"--at: {axis} is given twice"):
            select(rows, at=f"{short[axis]}=4,{axis}=4")


def test_a_column_of_a_node_counts_only_where_no_axis_tells_it(table):
    looks = with_looks(table(), 1, 10)
    told = looks.assign(eavesdropper_looks=np.repeat([1, 10], len(looks) // 2))
    assert swept_columns(told) == ["eavesdropper_looks"]
    kept = select(told, at="looks=10")
    assert set(kept["eavesdropper_looks"]) == {10}
    # The receiver is there once, with its row at that point.
    assert (kept["node"] == "receiver").sum() == (table().rows["node"] == "receiver").sum()
    # Where both vary for themselves, the short name of the one is the other's own.
    half = looks.assign(eavesdropper_looks=np.tile([3, 4], len(looks) // 2))
    assert swept_columns(half) == ["eavesdropper_looks", "looks"]
    assert set(select(half, at="looks=10").query("node == 'adversary'")["looks"]) == {10}
    antennas = pd.concat([table().rows.assign(receive_antennas=count) for count in (1, 2)], ignore_index=True)
    assert swept_columns(antennas) == ["receive_antennas"]
    own = np.where(antennas["node"] == "receiver", antennas["receive_antennas"], 1)
    assert swept_columns(antennas.assign(receiver_antennas=antennas["receive_antennas"], receive_antennas=own)) == [
        "receiver_antennas"
    ]


def test_a_variants_table_keeps_its_own_examples(variants_table):
    kept = select_table(variants_table(), at="seed=2,looks=10")
    assert set(kept.examples.index["seed"]) == {2}
    assert set(kept.examples.index["eavesdropper_looks"]) == {10}
    assert len(kept.rows) == len(kept.by_step) == len(variants_table().rows) / 4


@pytest.mark.parametrize(
    ("systems", "at", "told"),
    [
        (["diffsem,dif\x1bsem"], "", "--systems: 'dif\\x1bsem' is not in the table; allowed: classifier, diffsem"),
        ([""], "", "allowed: classifier, diffsem"),
        ([], "steps=3", "--at: 'steps' is not an axis of the table; allowed: t, snr, eavesdropper_snr"),
        ([], "looks=1", "allowed: t, snr, eavesdropper_snr"),
        ([], "t=100", "--at: t=100 is not in the table; allowed: 120, 240"),
        ([], "snr=high", "--at: snr=high is not in the table; allowed: 0, 15"),
        ([], "snr=nan", "allowed: 0, 15"),
        ([], "t", "--at: t= is not in the table; allowed: 120, 240"),
        ([], "t=120,t=240", "--at: t is given twice"),
    ],
)
def test_what_is_not_there_ends_in_a_line_that_lists_what_is(systems, at, told, table):
    with pytest.raises(InputError) as error:
        select(table().rows, systems, at)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_without_attacks_has_no_eavesdroppers_snr(table):
    with pytest.raises(InputError, match=r"allowed: t, snr$"):
        select(table(attacked=False).rows, at="eavesdropper_snr=5")


def test_a_combination_that_is_not_there_is_said_to_be_none(table):
    rows = table().rows
    rows = rows[(rows["timestep"] == 120) | (rows["receiver_snr_db"] == 15.0)]
    with pytest.raises(InputError, match="no row of the table is at t=240,snr=0"):
        select(rows, at="t=240,snr=0")


def test_a_table_keeps_the_counts_and_examples_of_its_rows(table):
    whole = table()
    whole.by_step[:, 1, 0] = np.arange(len(whole.rows))
    kept = select_table(whole, ["classifier"], "t=240,snr=15")
    rows = whole.rows
    places = rows.index[
        (rows["system"] == "classifier") & (rows["timestep"] == 240) & (rows["receiver_snr_db"] == 15.0)
    ]
    assert list(kept.by_step[:, 1, 0]) == list(places)
    assert list(kept.rows.index) == [0, 1, 2]
    assert len(kept.examples.index) == len(kept.examples.reconstructions) == 1
    assert kept.examples.index["timestep"].item() == 240
    assert kept.examples.originals.shape == whole.examples.originals.shape
