"""Result files that were damaged, or written by somebody else, end in one line or in the rows that were written."""

import contextlib
import io
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffsem.link import COLUMNS, read_table, sealed, write_table
from diffsem.scenarios import command_line

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SHIPPED = NOTEBOOKS / "defences" / "null-space-antennas-2.h5"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a result file, of a table with attacks and examples."""
    path = tmp_path_factory.mktemp("whole") / "r.h5"
    write_table(path, read_table(SHIPPED))
    return path.read_bytes()


def put(group, name, values, **how):
    """Another data set in the place of one."""
    del group[name]
    if values is None and "data" not in how:
        return group.create_dataset(name, **how)
    return group.create_dataset(name, data=values, **how)


def one(column, value):
    """A change of the value in the last row of a column."""

    def change(file):
        file["results"][column][-1] = value

    return change


def column(name, make, **how):
    """A change of a whole column: `make` takes its values."""
    return lambda file: put(file["results"], name, make(file["results"][name][()]), **how)


def attribute(name, value):
    def change(file):
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value

    return change


def bytes_attribute(file):
    del file.attrs["scenario"]
    file.attrs.create("scenario", b"name: \xff", dtype=h5py.string_dtype("utf-8"))


def linked(link):
    def change(file):
        del file["results/correct"]
        file["results/correct"] = link

    return change


def virtual(file):
    count = len(file["results/correct"])
    del file["results/correct"]
    layout = h5py.VirtualLayout((count,), np.int64)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "a", (count,))
    file["results"].create_virtual_dataset("correct", layout)


def external(file):
    count = len(file["results/correct"])
    put(file["results"], "correct", None, shape=(count,), dtype=np.int64, external=[("/etc/passwd", 0, 8 * count)])


def huge_chunk(file):
    count = len(file["results/correct"])
    put(file["results"], "correct", None, shape=(count,), dtype=np.int64, maxshape=(None,), chunks=(2**28,))


def repeated_text(file):
    """One long text in every row: more in memory than on the disk."""
    old = file["results/system"]
    put(
        file["results"], "system", None, shape=old.shape, dtype=old.dtype, chunks=old.shape, fillvalue=b"x" * 20_000_000
    )


def unpadded(file):
    compound = np.zeros(len(file["results/correct"]), [("a", "i4")])
    put(file["results"], "correct", compound)


def opaque(file):
    values = np.zeros(len(file["results/correct"]), "V8")
    put(file["results"], "correct", values.astype(h5py.opaque_dtype("V8")))


def references(file):
    put(file["results"], "correct", [file.ref] * len(file["results/correct"]), dtype=h5py.ref_dtype)


def sequences(file):
    values = np.empty(len(file["results/correct"]), object)
    values[:] = [np.arange(2)] * len(values)
    put(file["results"], "correct", values, dtype=h5py.vlen_dtype(np.int64))


def bad_text(file):
    put(file["results"], "system", [b"\xff\xfe"] * len(file["results/system"]), dtype=h5py.string_dtype())


def shuffled_by_nobody(file):
    count = len(file["results/correct"])
    put(file["results"], "correct", None, shape=(count,), dtype=np.int64, chunks=(count,), compression="lzf")


def by_step(name, make):
    return lambda file: put(file["by_step"], name, make(file["by_step"][name][()]))


def hit(file, rows=None):
    """The eighth draw of some rows, of all by default."""
    hits = np.ones([rows or len(file["results/total"]), 1], np.uint8)
    file.create_group("draws").create_dataset("hits", data=hits)


def example(name, make):
    return lambda file: put(file["examples"], name, make(file["examples"][name][()]))


# Every refusal: how a table is changed, and what the line then says.
REFUSED = {
    "float for int": (column("correct", lambda old: old.astype(float)), "/results/correct is of type float64"),
    "int for float": (column("accuracy", lambda old: old.astype(int)), "/results/accuracy is of type int64"),
    "narrow int": (column("total", lambda old: old.astype("i4")), "/results/total is of type int32"),
    "int for bool": (column("knows_step", lambda old: old.astype("i1")), "/results/knows_step is of type int8"),
    "number for text": (column("system", lambda old: np.zeros(len(old))), "/results/system is of type float64"),
    "short text": (column("system", lambda old: old.astype("S9")), "/results/system is of type |S9; allowed: texts"),
    "two dimensions": (column("correct", lambda old: old[:, None]), "allowed: 1 dimensions"),
    "scalar": (column("correct", lambda old: old[0]), "shape (); allowed: 1 dimensions"),
    "empty": (lambda file: put(file["results"], "correct", h5py.Empty("i8")), "shape None; allowed"),
    "references": (references, "/results/correct is of type object"),
    "compound": (unpadded, "/results/correct is of type [('a', '<i4')]"),
    "opaque": (opaque, "/results/correct is of type"),
    "sequences": (sequences, "/results/correct is of type object"),
    "no UTF-8": (bad_text, "/results/system holds a text that is not UTF-8"),
    "a group": (lambda file: (file["results"].pop("correct"), file.create_group("results/correct")), "is no data set"),
    "no group": (lambda file: (file.pop("by_step"), file.create_dataset("by_step", data=1)), "/by_step is no group"),
    "no results": (lambda file: file.pop("results"), "/results is missing"),
    "no examples": (lambda file: file.pop("examples"), "/examples is missing"),
    "no column": (lambda file: file["results"].pop("total"), "/results/total is missing"),
    "shorter": (column("correct", lambda old: old[:-1]), "/results/correct has shape"),
    "longer": (column("looks", lambda old: np.append(old, 1)), "/results/looks has shape"),
    "no complete": (attribute("complete", None), "attribute complete is missing"),
    "complete is a number": (attribute("complete", 1), "attribute complete is not what it has to be"),
    "no scenario": (attribute("scenario", None), "attribute scenario is missing"),
    "scenario is a number": (attribute("scenario", 1.5), "attribute scenario is not"),
    "scenario is an array": (attribute("scenario", ["a", "b"]), "attribute scenario is not"),
    "scenario is no UTF-8": (bytes_attribute, "attribute scenario is not what it has to be; allowed: one text in UTF"),
    "scenario is no mapping": (attribute("scenario", "- a\n"), "its scenario is not one that `diffsem run` writes"),
    "scenario is no YAML": (attribute("scenario", "a: ["), "its scenario is not one that `diffsem run` writes"),
    "channel is a list": (attribute("scenario", "legitimate: {channel: [1]}"), "its scenario is not one that"),
    "seed is text": (attribute("seed", "1"), "attribute seed is not what it has to be; allowed: one whole number"),
    "seed is an array": (attribute("seed", np.arange(3)), "attribute seed is not what it has to be"),
    "other version": (attribute("schema_version", 2), "schema version 2; allowed: 1"),
    "versions": (attribute("versions", "{"), "attribute versions is not the JSON"),
    "versions is a list": (attribute("versions", "[]"), "attribute versions is not the JSON"),
    "versions are deep": (attribute("versions", "[" * 30_000), "attribute versions is not the JSON"),
    "environment": (attribute("environment", "1"), "attribute environment is not the JSON"),
    "mixed versions": (lambda file: file.attrs.create("mixed_versions", "[1]"), "attribute mixed_versions is not the"),
    "no classes": (lambda file: file.attrs.create("classes", 0), "attribute classes is 0; allowed: 1 to 100000"),
    "more right than all": (one("correct", 2**40), "allowed: correct at most total"),
    "fewer than none": (one("correct", -1), "correct -1; allowed: 0 to"),
    "of none": (one("total", 0), "total 0; allowed: 1 to"),
    "share above one": (one("accuracy", 1.5), "accuracy 1.5; allowed: 0 to 1"),
    "another share": (one("accuracy", 0.123456), "allowed: accuracy as correct over total"),
    "no share": (one("accuracy", np.nan), "accuracy nan; allowed: a number, not NaN"),
    "ends out of order": (one("ci_low", 1.0), "allowed: 0 <= ci_low <= accuracy <= ci_high <= 1"),
    "no end": (one("ci_high", np.nan), "ci_high nan; allowed: a number"),
    "bit errors": (one("bit_errors", 1), "allowed: bit_errors at most bits"),
    "block errors": (one("block_errors", 1), "allowed: block_errors at most blocks"),
    "bit error rate": (one("ber", 0.5), "allowed: ber as bit_errors over bits, NaN over 0"),
    "its ends": (one("ber_low", 0.5), "allowed: 0 <= ber_low <= ber <= ber_high <= 1"),
    "worst class": (one("worst_class_correct", 2**40), "allowed: worst_class_correct at most worst_class_total"),
    "both": (one("both_correct", -2), "both_correct -2; allowed: -1 to"),
    "images": (one("images", 0), "images 0; allowed: 1 to"),
    "effective images": (one("effective_images", 0.0), "effective_images 0.0; allowed: 1e-06 to"),
    "node": (one("node", "nobody"), "node nobody; allowed: receiver or adversary"),
    "scored": (one("scored", "grade"), "scored grade; allowed: label or block"),
    "step": (one("timestep", 501), "timestep 501; allowed: 0 to 500"),
    "noise step": (one("noise_step", -3), "noise_step -3; allowed: 0 to 500"),
    "snr": (one("snr_db", np.inf), "snr_db inf; allowed: -1e+06 to 1e+06"),
    "no snr": (one("receiver_snr_db", np.nan), "receiver_snr_db nan; allowed: a number"),
    "ssim": (one("ssim", 1.1), "ssim 1.1; allowed: -1.001 to 1.001"),
    "long name": (one("system", "x" * 501), "allowed: at most 500 characters"),
    "long warning": (one("stop_reason", "x" * 10_001), "allowed: at most 10,000 characters"),
    "soft link": (linked(h5py.SoftLink("/results/total")), "/results/correct is a link to elsewhere"),
    "dangling link": (linked(h5py.SoftLink("/nowhere")), "/results/correct is a link to elsewhere"),
    "external link": (linked(h5py.ExternalLink("elsewhere.h5", "/a")), "/results/correct is a link to elsewhere"),
    "external storage": (external, "/results/correct lies in other files"),
    "virtual": (virtual, "/results/correct lies in other files"),
    "filter": (shuffled_by_nobody, "/results/correct is packed by filter 32000; allowed: deflate, shuffle, fletcher32"),
    "huge": (
        lambda file: put(file["examples"], "originals", None, shape=(10**14, 1, 1, 1), dtype=np.uint8),
        "claims 100,000,000,000,000 bytes; allowed: at most",
    ),
    "huge in chunks": (
        lambda file: put(file["results"], "snr_db", None, shape=(10**14,), dtype=float, chunks=(1024,), fillvalue=1),
        "/results/snr_db has shape (100000000000000,)",
    ),
    "huge table": (
        lambda file: put(file["results"], "system", None, shape=(10**14,), dtype=h5py.string_dtype(), chunks=(1024,)),
        "/results/system claims more than this file may hold",
    ),
    "huge chunk": (huge_chunk, "/results/correct claims more than this file may hold"),
    "one text, many rows": (repeated_text, "/results/system claims more than this file may hold"),
    "hits that nobody counted": (hit, "/draws/hits, row 0: 1 hits, the last of draw 8; allowed: "),
    "hits of other rows": (lambda file: hit(file, 1), "/draws/hits has shape (1, 1)"),
    "steps too short": (by_step("correct", lambda old: old[:, :-1]), "/by_step/correct has shape"),
    "steps of fewer rows": (by_step("total", lambda old: old[:-1]), "/by_step/total has shape"),
    "steps of no total": (lambda file: file["by_step"].pop("total"), "/by_step/total is missing"),
    "more right at a step": (by_step("correct", lambda old: old + 10**6), "/by_step: allowed: 0 <= correct <= total"),
    "fewer than none at a step": (by_step("correct", lambda old: old - 10**6), "/by_step: allowed: 0 <= correct"),
    "fewer examples": (example("reconstructions", lambda old: old[:-1]), "/examples/reconstructions has shape"),
    "other examples": (example("reconstructions", lambda old: old[:, :1]), "/examples/reconstructions has shape"),
    "flat examples": (example("originals", lambda old: old[..., 0]), "/examples/originals has shape"),
    "colours": (example("originals", lambda old: old[..., [0, 0]]), "allowed: images of 1 or 3 colours"),
    "float examples": (example("originals", lambda old: old / 255), "/examples/originals is of type float64"),
    "step of examples": (example("timestep", lambda old: old - 501), "allowed: 0 to 500"),
}


def changed(content, change, folder):
    """A result file with another content and the checksum of that."""
    path = folder / "changed.h5"
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        change(file)
    path.write_bytes(sealed(path.read_bytes()))
    return path


def command(*arguments):
    """Run the command in this process: gives (exit status, standard output, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    former, sys.argv = sys.argv, ["diffsem", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            command_line.main()
        status = 0
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.argv = former
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_is_refused_in_one_line(what, whole, tmp_path):
    change, words = REFUSED[what]
    path = changed(whole, change, tmp_path)
    status, out, err = command("show", path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert err.startswith(f"diffsem: result file {path}: ")


def test_what_a_later_version_adds_does_not_matter(whole, tmp_path):
    def later(file):
        file["results/new"] = np.zeros((3, 3))
        file["results/link"] = h5py.ExternalLink("elsewhere.h5", "/a")
        file["more"] = h5py.SoftLink("/nowhere")
        file.attrs["plan"] = np.arange(3)
        file.attrs["note"] = "kept"

    there = read_table(changed(whole, later, tmp_path))
    pd.testing.assert_frame_equal(there.rows, read_table(SHIPPED).rows)
    assert there.attributes == read_table(SHIPPED).attributes | {"note": "kept"}


def test_compressed_columns_are_read(whole, tmp_path):
    def packed(file):
        for name in ("correct", "accuracy", "system"):
            old = file["results"][name]
            put(file["results"], name, old[()], dtype=old.dtype, chunks=(4,), shuffle=True, compression=9)

    pd.testing.assert_frame_equal(read_table(changed(whole, packed, tmp_path)).rows, read_table(SHIPPED).rows)


def mutated(content, source):
    """Bytes flipped, cut out, put in, put at random, or cut off."""
    content = bytearray(content)
    for _ in range(source.choice([1, 1, 2, 8])):
        place = source.randrange(len(content)) if source.random() < 0.6 else source.randrange(min(9000, len(content)))
        length = source.randrange(1, 40)
        match source.choice(["flip", "flip", "set", "run", "insert", "cut", "end"]):
            case "flip":
                content[place] ^= 1 << source.randrange(8)
            case "set":
                content[place] = source.choice([0, 1, 127, 128, 255])
            case "run":
                content[place : place + length] = source.randbytes(length)
            case "insert":
                content[place:place] = source.randbytes(length)
            case "cut":
                del content[place : place + length]
            case "end":
                del content[max(place, 1) :]
    return bytes(content)


VALUES = [-(2**63), -1, 0, 1, 9, 500, 501, 2**31, 2**62, np.nan, np.inf, -np.inf, 0.5, 1.0, 1e300, -1e-9]
WORDS = ["", "receiver", "adversary", "label", "block", "[/bold]", "[red]", "\x1b[2J", "a\nb", "$\\frac$", "a/b", "_x"]


def rewritten(source):
    """A change that keeps HDF5 valid: values, types, shapes, attributes, links."""
    name = source.choice(list(COLUMNS))

    def change(file):
        results = file["results"]
        values = results[name][()]
        # There are some eighty ways to be refused; those that are looked for at the end must come up.
        ways = ["value", "value", "type", "shape", "drop", "attribute", "fill", "refused", "refused", "refused"]
        match source.choice(ways):
            case "value":
                place = source.randrange(len(values))
                try:
                    results[name][place] = source.choice(WORDS if COLUMNS[name] is str else VALUES)
                except (OverflowError, ValueError):
                    results[name][place] = 7
            case "type":
                kind = source.choice(["f8", "i8", "i4", "u1", "?", "S4", ">f8", "c16"])
                put(results, name, np.zeros(len(values), kind))
            case "shape":
                put(results, name, values[: source.randrange(len(values))], dtype=results[name].dtype)
            case "drop":
                del results[name]
            case "attribute":
                text = source.choice(["", "a: [", "{}", "[]", "name: x", "x" * 1000, "legitimate: 3", "&a [*a]"])
                attribute(source.choice(list(file.attrs)), source.choice([text, None, 3, 2.5, True, [1, 2]]))(file)
            case "refused":
                REFUSED[source.choice(list(REFUSED))][0](file)
            case "fill":
                kind = results[name].dtype
                put(results, name, None, shape=values.shape, dtype=kind, chunks=(len(values),))

    return change


FIGURES = ("accuracy-t", "attacks", "front", "quality", "reconstructions", "schedule")


LOOKING = ("show", "leakage", "attacks")


def outcome(path, folder, draw, turn=None):
    """What the commands say of a file; each is asked for one line and status 2, or for a table and 0.

    `draw`: nothing, a kind of figure, or "all". `turn`: which command looks at it, all if none; whoever looks
    reads by the same function.
    """
    status, out, err = command("export", path, "--csv", folder / "r.csv")
    looking = LOOKING if turn is None else (LOOKING[turn % len(LOOKING)],)
    results = [(status, out, err), *(command(name, path) for name in looking)]
    if draw and status == 0:
        only = [] if draw == "all" else ["--only", draw]
        results.append(command("plot", path, "--out", folder / "figures", *only))
    for given_status, _, given_err in results:
        assert given_status in (0, 2), given_err
        assert "Traceback" not in given_err
        assert given_status == 0 or given_err.count("\n") == 1, given_err
    return results[0]


def attempt(kind, seed, whole, folder, draw=None, turn=None):
    """One damaged file: gives what was said of it."""
    source = random.Random(seed)
    path = folder / "r.h5"
    (folder / "r.csv").unlink(missing_ok=True)
    if kind == "content":
        path = changed(whole, rewritten(source), folder)
    else:
        original = whole if kind == "bytes" else SHIPPED.read_bytes()
        path.write_bytes(mutated(original, source))
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status, _, err = outcome(path, folder, draw, turn)
    assert time.monotonic() - started < 40  # of four commands
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20
    if kind == "bytes" and status == 0:
        pd.testing.assert_frame_equal(read_table(path).rows, read_table(SHIPPED).rows)
    return "read" if status == 0 else err.split("; allowed")[0].split("; restore")[0].replace(str(path), "")


# Fewer of those that a child process has to take in first.
KINDS = st.sampled_from([*["bytes"] * 4, *["content"] * 11, "older"])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=KINDS, seed=st.integers(0, 2**32))
def test_a_damaged_table_ends_in_one_line_or_in_its_rows(kind, seed, whole, tmp_path):
    attempt(kind, seed, whole, tmp_path)


@pytest.mark.slow
def test_a_thousand_damaged_tables_end_in_one_line_or_in_their_rows(whole, tmp_path):
    """Each is exported and looked at by one other command, in turn.

    Of every eighth a figure is drawn, each kind in turn, and of every sixty-fourth all of them.
    """
    said = Counter()

    def drawn(seed):
        if seed % 8:
            return None
        return "all" if seed % 64 == 0 else FIGURES[seed // 8 % len(FIGURES)]

    @settings(max_examples=1000, database=None)
    @given(kind=KINDS, seed=st.integers(0, 2**32))
    def damage(kind, seed):
        said[attempt(kind, seed, whole, tmp_path, drawn(seed), seed)] += 1

    damage()
    assert said["read"] > 50
    for words in ("SHA-256", "not valid HDF5", "link to elsewhere", "claims", "JSON", "is missing", "is of type"):
        assert any(words in line for line in said), words
