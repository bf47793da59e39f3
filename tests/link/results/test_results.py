import errno
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import (
    ADDED,
    COLUMNS,
    RESULT_COLUMNS,
    STEP_BINS,
    InputError,
    Point,
    PointResult,
    empty_table,
    read_results,
    read_table,
    sealed,
    write_table,
)

ORIGINALS = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
ATTRIBUTES = {"scenario": "name: π\n", "seed": 1, "versions": "{}"}


def row(**values):
    base = {name: "" if kind is str else kind(0) for name, kind in COLUMNS.items()} | ADDED
    counts = {"total": 8, "correct": 6, "accuracy": 0.75, "ci_low": 0.4, "ci_high": 0.9, "images": 8}
    place = {"system": "diffsem", "node": "receiver", "timestep": 240, "effective_images": 8.0}
    return base | counts | place | values


def example(level):
    return {
        "transmitter": "clean-pair",
        "attack": "inversion-mlp",
        "timestep": 240,
        "receiver_snr_db": 15.0,
        "snr_db": 10.0,
        "images": np.full((2, 4, 4, 1), level),
    }


def result(rows, examples=()):
    by_step = np.arange(len(rows) * 2 * STEP_BINS).reshape(-1, 2, STEP_BINS)
    return PointResult(Point(240, 15.0, (10.0,)), rows, by_step, list(examples), 0)


@contextmanager
def edited(path):
    """A result file to be changed as HDF5; its checksum is made anew."""
    with h5py.File(path, "r+") as file:
        yield file
    path.write_bytes(sealed(path.read_bytes()))


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


def test_a_ceiling_that_rounding_let_pass_one_reads_as_one(tmp_path):
    rows = [row(ceiling=1.0000000000000142), row(ceiling=0.372), row(ceiling=np.nan)]
    write_table(tmp_path / "r.h5", empty_table(ATTRIBUTES, ORIGINALS).with_point(result(rows)))
    np.testing.assert_array_equal(read_results(tmp_path / "r.h5")["ceiling"], [1.0, 0.372, np.nan])


def test_a_table_from_before_a_column_was_added_reads_with_its_default(tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, empty_table(ATTRIBUTES, ORIGINALS).with_point(result([row(), row()])))
    with edited(path) as file:
        for name in ADDED:
            del file["results"][name]
        del file["by_step"]
    assert read_table(path).by_step.shape == (2, 2, STEP_BINS)
    rows = read_results(path)
    assert list(rows.columns) == list(COLUMNS)
    assert (rows["looks"] == 1).all()
    assert rows["worst_class_accuracy"].isna().all()
    with edited(path) as file:
        del file["results/correct"]
    with pytest.raises(InputError, match="not a valid result table: /results/correct is missing; restore it, or run"):
        read_results(path)


@given(
    names=st.lists(texts, max_size=5),
    value=st.one_of(st.floats(allow_infinity=False), st.just(float("nan"))),
    count=st.integers(0, 2**40),
)
def test_a_table_reads_back_as_it_was_written(names, value, count, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "r.h5"
    rows = [row(system=name, psnr_db=value, training_images=count) for name in names]
    table = empty_table(ATTRIBUTES, ORIGINALS).with_point(result(rows, [example(0.5)]))
    write_table(path, table)
    back = read_table(path)
    pd.testing.assert_frame_equal(back.rows, table.rows)
    np.testing.assert_array_equal(back.by_step, np.arange(len(names) * 2 * STEP_BINS).reshape(-1, 2, STEP_BINS))
    pd.testing.assert_frame_equal(back.examples.index, table.examples.index)
    np.testing.assert_array_equal(back.examples.reconstructions, np.full((1, 2, 4, 4, 1), 128))
    assert back.attributes == ATTRIBUTES
    assert back.complete is False


def test_every_column_is_one_dimensional_and_named_as_documented(tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, empty_table(ATTRIBUTES, ORIGINALS).with_point(result([row(), row()])).completed())
    with h5py.File(path) as file:
        assert set(file["results"]) == set(COLUMNS)
        assert all(column.shape == (2,) for column in file["results"].values())
        assert h5py.check_string_dtype(file["results/system"].dtype).encoding == "utf-8"
        assert bool(file.attrs["complete"])
    assert read_results(path).attrs["seed"] == 1


def test_every_column_says_in_the_file_what_it_is_and_in_which_unit(tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, empty_table(ATTRIBUTES, ORIGINALS).with_point(result([row()], [example(0.5)])))
    with h5py.File(path) as file:
        for column in RESULT_COLUMNS:
            attributes = file["results"][column.name].attrs
            assert (attributes["unit"], attributes["meaning"]) == (column.unit, column.meaning)
            assert len(column.meaning.split()) > 2
        assert file["examples/snr_db"].attrs["unit"] == file["results/psnr_db"].attrs["unit"] == "dB"
        assert file["examples/timestep"].attrs["unit"] == "steps"
    before = read_table(path)
    with edited(path) as file:
        for name in COLUMNS:
            for attribute in ("unit", "meaning"):
                del file["results"][name].attrs[attribute]
    pd.testing.assert_frame_equal(read_table(path).rows, before.rows)


def test_a_column_is_declared_once_and_an_older_table_has_its_value():
    assert list(COLUMNS) == [column.name for column in RESULT_COLUMNS]
    for column in RESULT_COLUMNS:
        assert column.name not in ADDED or isinstance(column.dtype(ADDED[column.name]), column.dtype)
        numeric = column.dtype in (np.int64, np.float64)
        assert bool(column.unit) == numeric, column.name
    words = {column.name: column.when_missing for column in RESULT_COLUMNS}
    assert words["system"] == "every table has it"
    assert (words["images"], words["looks"], words["warning"], words["ber"]) == ("as total", "1", '""', "nan")


@pytest.mark.parametrize("damage", ["truncated", "text", "foreign", "missing", "newer"])
def test_a_file_that_is_no_whole_table_gives_one_line(damage, tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, empty_table(ATTRIBUTES, ORIGINALS).with_point(result([row()] * 50, [example(0.1)])))
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-2000])
    elif damage == "text":
        path.write_text("system,node\n")
    elif damage == "missing":
        path.unlink()
    else:
        with h5py.File(path, "w") as file:
            if damage == "newer":
                file.attrs["schema_version"] = 99
    with pytest.raises(InputError) as error:
        read_results(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_results import ATTRIBUTES, ORIGINALS, empty_table, result, row, write_table
table = empty_table(ATTRIBUTES, ORIGINALS)
print("ready", flush=True)
for i in range(10_000):
    table = table.with_point(result([row(training_images=i)]))
    write_table(Path({path!r}), table)
"""


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.5])
def test_a_writer_killed_half_way_leaves_a_whole_table(delay, tmp_path):
    path = tmp_path / "r.h5"
    code = WRITER.format(folder=str(Path(__file__).parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        while not path.exists():
            time.sleep(0.01)
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
    rows = read_results(path)
    assert list(rows["training_images"]) == list(range(len(rows)))
    assert len(rows) >= 1


def test_an_unwritable_place_gives_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_table(tmp_path / "file" / "r.h5", empty_table(ATTRIBUTES, ORIGINALS))


def test_rows_and_examples_stand_in_the_order_of_the_sweep_whichever_point_is_done_first():
    places = [(240, 5.0), (60, 15.0), (240, -5.0), (60, 5.0)]
    table = empty_table(ATTRIBUTES, ORIGINALS)
    for level, (timestep, snr_db) in enumerate(places):
        place = {"timestep": timestep, "receiver_snr_db": snr_db}
        rows = [row(**place, system=system) for system in ("b", "a")]
        table = table.with_point(result(rows, [example(level / 255) | place]))
    assert list(zip(table.rows["timestep"], table.rows["receiver_snr_db"], strict=True))[::2] == sorted(places)
    assert list(table.rows["system"]) == ["b", "a"] * 4
    assert [places[level] for level in table.examples.reconstructions[:, 0, 0, 0, 0]] == sorted(places)
    assert list(table.examples.index["timestep"]) == [60, 60, 240, 240]


def test_a_disk_that_is_full_gives_one_line_and_keeps_the_table(tmp_path, monkeypatch):
    path = tmp_path / "r.h5"
    write_table(path, empty_table(ATTRIBUTES, ORIGINALS))
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match=r"cannot be written.*No space left on device") as error:
        write_table(path, empty_table(ATTRIBUTES, ORIGINALS).with_point(result([row()])))
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
