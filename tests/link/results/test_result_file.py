"""The bytes of a result file: a checksum before HDF5, equal ones for equal tables, and older files without one."""

import hashlib
import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from diffsem.link import (
    EXAMPLE_COLUMNS,
    InputError,
    Point,
    PointResult,
    empty_table,
    read_results,
    read_table,
    write_table,
)

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
SHIPPED = NOTEBOOKS / "defences" / "null-space-antennas-2.h5"
# One byte that HDF5's library reads for ever.
ENDLESS = (NOTEBOOKS / "channels" / "ber-awgn.h5", 25504, 8)


@pytest.fixture(scope="module")
def table():
    return read_table(SHIPPED)


@pytest.fixture
def path(table, tmp_path):
    write_table(tmp_path / "r.h5", table)
    return tmp_path / "r.h5"


def test_a_result_file_begins_with_the_checksum_of_the_bytes_that_follow(path):
    content = path.read_bytes()
    line = content[:512].decode("ascii")
    found = re.fullmatch(r"diffsem result table, sha256 (\w{64}) of the (\d+) bytes after the first 512 *\n", line)
    assert found is not None
    assert found[1] == hashlib.sha256(content[512:]).hexdigest()
    assert int(found[2]) == len(content) - 512


def test_any_program_that_knows_hdf5_reads_it_by_its_path(path, table):
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["results/correct"][()], table.rows["correct"])
        assert file.attrs["scenario"] == table.attributes["scenario"]


def test_no_byte_can_be_flipped_or_lost(path):
    content = path.read_bytes()
    places = np.unique(np.concatenate([np.arange(0, 520, 7), np.linspace(0, len(content) - 1, 300).astype(int)]))
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1
        for damaged in (bytes(flipped), content[:place] + content[place + 1 :], content[:place]):
            path.write_bytes(damaged)
            with pytest.raises(InputError) as error:
                read_table(path)
            whole = "its bytes are not those that were written (SHA-256); restore it, or run again with --overwrite"
            # Cut off within its first words, it could be anything.
            assert str(error.value) == f"result file {path}: {whole}" or len(damaged) < 29


def test_damaged_bytes_are_told_before_hdf5_sees_them(path, monkeypatch):
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr("h5py.File", lambda *_, **__: pytest.fail("too late"))
    with pytest.raises(InputError, match="SHA-256"):
        read_table(path)


@pytest.mark.parametrize("content", [b"", b"system,node\n", b"\x89HDF\r\n", b"\0" * 2000])
def test_other_files_are_no_result_tables(content, tmp_path):
    path = tmp_path / "r.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"result file {path}: not a result table; allowed: ")):
        read_table(path)


@pytest.mark.parametrize("name", ["pipe", "folder", "/dev/zero"])
def test_what_is_no_file_is_not_waited_for(name, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is not a file"):
        read_table(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "r.h5").open("wb") as file:
        file.truncate(2**32 + 1)
    with pytest.raises(InputError, match=r"has 4,294,967,297 bytes; allowed: at most 4,294,967,296"):
        read_table(tmp_path / "r.h5")


def test_equal_tables_are_equal_files_whatever_point_came_first(table, tmp_path):
    results = []
    for (timestep, snr_db), rows in table.rows.groupby(["timestep", "receiver_snr_db"]):
        examples = [
            {name: rows[name].iloc[-1] for name in EXAMPLE_COLUMNS} | {"images": table.examples.originals / 255}
        ]
        point = Point(int(timestep), float(snr_db), (0.0,))
        results.append(PointResult(point, rows.to_dict("records"), table.by_step[rows.index], examples, 0))
    assert len(results) > 1
    contents = set()
    attributes = list(table.attributes.items())
    for place, order in enumerate(itertools.islice(itertools.permutations(results), 5)):
        attributes = attributes[1:] + attributes[:1]
        built = empty_table(dict(attributes), table.examples.originals)
        for number, result in enumerate(order):
            built = built.with_point(result)
            if number == place:
                # As if it had been cut off here.
                write_table(tmp_path / "half.h5", built)
                built = read_table(tmp_path / "half.h5")
        write_table(tmp_path / "r.h5", built)
        contents.add((tmp_path / "r.h5").read_bytes())
    assert len(contents) == 1


def test_a_table_that_is_read_and_written_is_the_same_file(path):
    content = path.read_bytes()
    write_table(path, read_table(path))
    assert path.read_bytes() == content


def test_a_large_table_is_read_within_two_seconds(table, tmp_path):
    times = 20_000 // len(table.rows) + 1
    rows = pd.concat([table.rows] * times, ignore_index=True)
    write_table(tmp_path / "r.h5", replace(table, rows=rows, by_step=np.concatenate([table.by_step] * times)))
    code = (
        "import sys, time; from diffsem.link import read_table; started = time.process_time();"
        "rows = read_table(sys.argv[1]).rows; print(len(rows), time.process_time() - started)"
    )
    command = [sys.executable, "-c", code, tmp_path / "r.h5"]
    count, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(count) >= 20_000
    assert float(seconds) < 2


@pytest.mark.parametrize(
    "name", ["mnist-awgn.h5", "channels/ber-awgn.h5", "solvers/ddim-50.h5", "defences/keyed-weak.h5", "fig9-cifar10.h5"]
)
def test_a_table_from_before_there_was_a_checksum_is_read(name):
    rows = read_results(NOTEBOOKS / name)
    with h5py.File(NOTEBOOKS / name) as file:
        for column in set(file["results"]) - {"ceiling"}:
            there = file["results"][column]
            there = there.asstr()[()] if there.dtype == object else there[()]
            np.testing.assert_array_equal(rows[column].to_numpy(), there)


@pytest.mark.slow
def test_every_shipped_table_is_read():
    for path in sorted(NOTEBOOKS.glob("**/*.h5")):
        table = read_table(path)
        with h5py.File(path) as file:
            np.testing.assert_array_equal(table.rows["correct"], file["results/correct"][()])
            np.testing.assert_array_equal(table.rows["system"], file["results/system"].asstr()[()])
            np.testing.assert_array_equal(table.examples.reconstructions, file["examples/reconstructions"][()])


@pytest.mark.slow
def test_bytes_that_hdf5_never_comes_to_an_end_with_are_refused(tmp_path):
    source, place, value = ENDLESS
    content = bytearray(source.read_bytes())
    content[place] = value
    (tmp_path / "r.h5").write_bytes(content)
    with pytest.raises(InputError, match="HDF5's library fails on its bytes; restore it, or delete it and run again"):
        read_table(tmp_path / "r.h5")
