"""Rows that are asked for by column and condition, of tables small and large, by this package and by any other."""

import time

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsem.link import COLUMNS, STEP_BINS, InputError, ResultTable, read_results, read_table, sealed, write_table
from diffsem.link.results.result_file import PACKED_FROM

SHIPPED = "notebooks/fig4-mnist.h5"


@pytest.fixture(scope="module")
def shipped(request):
    return read_table(request.config.rootpath / SHIPPED)


def of_rows(table, count):
    """A table of so many rows, its own again and again, whose counts by step differ from row to row."""
    rows = pd.concat([table.rows] * (count // len(table.rows) + 1), ignore_index=True)[:count]
    by_step = np.zeros([count, 2, STEP_BINS], np.int64)
    place = np.arange(count)
    by_step[place, :, place % STEP_BINS] = np.stack([place % 7, place % 7 + 1], axis=1)
    return ResultTable(table.attributes, rows, by_step, table.examples)


@pytest.fixture(scope="module")
def path(shipped, tmp_path_factory):
    """Of a table with so many rows that its columns are compressed."""
    path = tmp_path_factory.mktemp("packed") / "r.h5"
    write_table(path, of_rows(shipped, 5000))
    return path


@pytest.mark.parametrize("count", [0, 1, PACKED_FROM - 1, PACKED_FROM, 5000])
def test_a_table_of_any_length_reads_back_as_it_was_written(count, shipped, tmp_path):
    table = of_rows(shipped, count)
    table.rows.loc[table.rows.index[-1:], "warning"] = "é: " + "x" * 9000
    write_table(tmp_path / "r.h5", table)
    back = read_table(tmp_path / "r.h5")
    pd.testing.assert_frame_equal(back.rows, table.rows, check_exact=True)
    np.testing.assert_array_equal(back.by_step, table.by_step)
    np.testing.assert_array_equal(back.examples.reconstructions, table.examples.reconstructions)


@settings(max_examples=20, deadline=None)
@given(full=st.floats(0, 1), seed=st.integers(0, 99))
def test_counts_by_step_read_back_sparse_or_full(full, seed, shipped, tmp_path_factory):
    rng = np.random.default_rng(seed)
    table = of_rows(shipped, 60)
    table.by_step[:] = 0
    chosen = rng.random((60, STEP_BINS)) < full
    table.by_step[:, 1][chosen] = rng.integers(1, 9, chosen.sum())
    table.by_step[:, 0] = table.by_step[:, 1] // 2
    path = tmp_path_factory.mktemp("steps") / "r.h5"
    write_table(path, table)
    np.testing.assert_array_equal(read_table(path).by_step, table.by_step)


def test_many_rows_take_little_room_and_are_what_any_program_reads(path, shipped, tmp_path):
    """Ten times as many rows: a file of half the size that 8 bytes a number alone would take."""
    with h5py.File(path) as file:
        columns = {name: file["results"][name] for name in COLUMNS}
        assert all(column.shape == (5000,) for column in columns.values())
        assert h5py.check_string_dtype(columns["system"].dtype).encoding == "utf-8"
        assert list(columns["system"].asstr()[:700]) == list(shipped.rows["system"][:700])
        np.testing.assert_array_equal(columns["correct"][:700], shipped.rows["correct"][:700])
        taken = sum(column.id.get_storage_size() for column in columns.values())
    assert taken < 8 * 5000 * len(COLUMNS) / 2


def test_columns_and_rows_are_those_of_the_whole_table(path):
    whole = read_results(path)
    some = read_results(path, ["psnr_db", "system"], "node == 'adversary' and timestep >= 240")
    expected = whole[(whole["node"] == "adversary") & (whole["timestep"] >= 240)]
    pd.testing.assert_frame_equal(some, expected[["psnr_db", "system"]].reset_index(drop=True))
    assert some.attrs == whole.attrs
    pd.testing.assert_frame_equal(read_results(path, where="system == 'none'"), whole[:0])
    pd.testing.assert_frame_equal(read_results(path, columns=["seed"]), whole[["seed"]])


def test_a_column_that_is_not_asked_for_is_not_looked_at(path, tmp_path):
    damaged = tmp_path / "r.h5"
    damaged.write_bytes(path.read_bytes())
    with h5py.File(damaged, "r+") as file:
        file["results/correct"][3] = 10**9
    damaged.write_bytes(sealed(damaged.read_bytes()))
    with pytest.raises(InputError, match="row 3: correct 1000000000"):
        read_results(damaged)
    assert len(read_results(damaged, ["system", "psnr_db"])) == 5000
    with pytest.raises(InputError, match="row 3: correct 1000000000"):
        read_results(damaged, ["accuracy"], "correct > 5")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"columns": ["sytem"]}, r"^column sytem: not known; did you mean system\? allowed: system, node, "),
        ({"columns": ["\x1b[2J"]}, r"^column \\x1b\[2J: not known; allowed: "),
        ({"where": "snr = 3"}, "^where snr = 3: no condition on rows"),
        ({"where": "snr_bd > 3"}, r"^column snr_bd: not known; did you mean snr_db\?"),
        ({"where": "snr_db > 'a'"}, "^where snr_db > 'a': no condition on rows"),
        ({"where": "snr_db + 1"}, r"^where snr_db \+ 1: no condition on rows"),
        ({"where": "@pd.io"}, "^where @pd.io: no condition on rows"),
        ({"where": "(" * 500}, "no condition on rows"),
        ({"where": ""}, "no condition on rows"),
    ],
)
def test_a_question_that_means_nothing_is_one_line(asked, told, path):
    with pytest.raises(InputError, match=told) as refusal:
        read_results(path, **asked)
    assert "\n" not in str(refusal.value)


def test_a_small_file_that_claims_to_unpack_to_gigabytes_is_refused(path, tmp_path):
    with h5py.File(tmp_path / "r.h5", "w") as file, h5py.File(path) as source:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        for name, kind in COLUMNS.items():
            dtype = h5py.string_dtype("utf-8", 2000) if kind is str else kind
            file.create_dataset(f"results/{name}", (10**6,), dtype, chunks=(10**5,), compression="gzip")
    content = (tmp_path / "r.h5").read_bytes()
    (tmp_path / "r.h5").write_bytes(sealed(bytes(512) + content))
    started = time.perf_counter()
    with pytest.raises(InputError, match="claims more than this file may hold"):
        read_results(tmp_path / "r.h5", ["attack"])
    assert time.perf_counter() - started < 2


@pytest.mark.slow
def test_a_million_rows_are_opened_within_five_seconds(shipped, tmp_path):
    write_table(tmp_path / "r.h5", of_rows(shipped, 10**6))
    assert (tmp_path / "r.h5").stat().st_size < 100e6
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        rows = read_results(tmp_path / "r.h5")
        seconds.append(time.perf_counter() - started)
    assert len(rows) == 10**6
    assert min(seconds) < 5
    started = time.perf_counter()
    assert len(read_results(tmp_path / "r.h5", ["accuracy"], "node == 'receiver'")) > 0
    assert time.perf_counter() - started < 2
