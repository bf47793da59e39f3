"""Tracing a street: what is asked, what is kept when it is cut off, and the file that comes of it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import command_line
from diffsem.scenarios.streets.environment import TRACER, VARIABLE, default_folder, tracing_python
from diffsem.scenarios.streets.street import read_street
from diffsem.scenarios.streets.trace import read_trace, write_trace
from diffsem.scenarios.streets.tracing import kept_positions, trace_street


def test_positions_go_row_by_row_over_the_area(street):
    positions = street().eavesdropper.positions()
    assert positions.tolist() == [[x, y, 1.5] for y in (0, 10, 20) for x in (10, 20, 30, 40)]


def test_a_trace_holds_what_was_traced(street, tracer, tmp_path):
    told = []
    made = trace_street(street(), tmp_path / "t.h5", tracer(), lambda done, total: told.append((done, total)))
    assert told == [(done, 12) for done in range(13)]
    read = read_trace(tmp_path / "t.h5")
    assert read.street == street()
    assert read.sha256 == made.sha256
    far = np.linalg.norm(read.eavesdropper.positions - [0, 0, 10], axis=1)
    assert len(far) == 11, "the position in a building is left out"
    friis_db = 20 * np.log10(299792458 / 3.5e9 / (4 * np.pi * far))
    np.testing.assert_allclose(read.eavesdropper.path_gain_db, friis_db, atol=1e-5)
    assert read.eavesdropper.line_of_sight.all()
    assert read.receiver.paths.gains.shape == (1, 1, 2, 1)
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["eavesdropper/responses"].shape == (11, 1, 2, 16)
        response = file["eavesdropper/responses"][:]
        assert json.loads(file.attrs["versions"]) == {"sionna-rt": "none"}
    np.testing.assert_allclose(20 * np.log10(np.abs(response)).mean(axis=(1, 2, 3)), friis_db, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".parts"] == []


def test_a_tracing_that_is_cut_off_goes_on_behind_the_last_position(street, tracer, tmp_path):
    out = tmp_path / "t.h5"
    dies = tracer("if place == 5: import os, signal; os.kill(os.getpid(), signal.SIGABRT)")
    with pytest.raises(InputError, match="was ended by SIGABRT; install libllvm19"):
        trace_street(street(), out, dies, lambda done, total: None)
    assert not out.exists()
    assert kept_positions(street(), out) == 5
    assert kept_positions(street(seed=2), out) == 0
    told = []
    trace_street(street(), out, tracer(), lambda done, total: told.append(done))
    assert told == list(range(6, 13))
    asked = [int(place) for place in (tmp_path / "asked.txt").read_text().split()]
    assert asked == [-1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "no position is traced twice"
    whole = tmp_path / "whole.h5"
    trace_street(street(), whole, tracer(), lambda done, total: None)
    assert whole.read_bytes() == out.read_bytes()


def test_a_position_that_was_written_by_half_is_traced_again(street, tracer, tmp_path):
    out = tmp_path / "t.h5"
    dies = tracer("if place == 5: sys.exit(3)")
    with pytest.raises(InputError, match=r"tracer failed \(status 3\)"):
        trace_street(street(), out, dies, lambda done, total: None)
    (parts,) = (path for path in tmp_path.iterdir() if path.suffix == ".parts")
    half = parts / "eavesdropper" / "3.npz"
    half.write_bytes(half.read_bytes()[:100])
    trace_street(street(), out, tracer(), lambda done, total: None)
    assert np.isfinite(read_trace(out).eavesdropper.path_gain_db).all()


def test_an_interrupt_ends_the_tracer_and_says_what_is_kept(street, tracer, tmp_path):
    python = tracer("if place == 3: time.sleep(60)")
    (tmp_path / "plane.yaml").write_text(street().to_yaml())
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from diffsem.scenarios.command_line import main; sys.argv[0] = 'diffsem'; main()"
    )
    command = [sys.executable, "-c", code, "trace", "plane.yaml"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(python), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        deadline = time.time() + 60
        while time.time() < deadline and not (tmp_path / "asked.txt").exists():
            time.sleep(0.05)
        while time.time() < deadline and "3" not in (tmp_path / "asked.txt").read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == (
        "diffsem: interrupted; 3 positions are kept beside plane.channels.h5, and `diffsem trace plane.yaml` goes on "
        "from there"
    )


def test_a_trace_that_is_there_stays(street, tracer, tmp_path, monkeypatch, capsys):
    """Another tracing would differ, and tables are made from this one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tracer()))
    (tmp_path / "plane.yaml").write_text(street().to_yaml())

    def trace(*more):
        return command_line.run_program(command_line.app, ["trace", "plane.yaml", *more])

    assert trace() == 0
    assert capsys.readouterr().out.startswith(
        "plane.channels.h5: 11 positions, 11 in line of sight, receiver at -83.4 dB"
    )
    before = (tmp_path / "plane.channels.h5").read_bytes()
    assert trace("--set", "seed=2") == 2
    assert "is there already, and another tracing would not be the same" in capsys.readouterr().err
    assert (tmp_path / "plane.channels.h5").read_bytes() == before
    assert trace("--set", "seed=2", "--overwrite") == 0
    assert read_trace(tmp_path / "plane.channels.h5").street.seed == 2


def environment(python):
    return {**os.environ, VARIABLE: str(python)}


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import json; print(json.dumps({'refused': 'scene: nowhere: no file'}))", "street: scene: nowhere: no file"),
        ("pass", "said nothing of the scene"),
        (
            "import json; print(json.dumps({'versions': {}, 'outline': [], 'positions': []}))",
            "street: eavesdropper.area_m: every position lies inside of a building",
        ),
        ("raise ValueError('no LLVM')", r"failed \(ValueError: no LLVM\)"),
    ],
)
def test_what_the_tracer_refuses_is_told_in_one_line(program, said, street, tracer, tmp_path):
    with pytest.raises(InputError, match=said) as error:
        trace_street(street(), tmp_path / "t.h5", tracer(program=program), lambda done, total: None)
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scene: empty", "street .*: name: missing"),
        ("{name: a, scene: empty, carier_ghz: 3}", "carier_ghz: unknown key; did you mean carrier_ghz?"),
        ("{name: a, scene: empty, depth: deep}", "transmitter: missing; allowed: the mast"),
        ("- a", "must hold keys and values"),
    ],
)
def test_a_street_that_is_none_is_told_in_one_line(words, said, tmp_path):
    (tmp_path / "s.yaml").write_text(words)
    with pytest.raises(InputError, match=said) as error:
        read_street(tmp_path / "s.yaml")
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    ("area", "spacing", "said"),
    [([0, 0, -1, 1], 1, "each from not above its to"), ([0, 0, 1e4, 1e4], 1, "positions; allowed: at most 100,000")],
)
def test_a_grid_is_ordered_and_affordable(area, spacing, said, street):
    with pytest.raises(InputError, match=said):
        street(eavesdropper={"area_m": area, "spacing_m": spacing})


def test_a_street_that_is_not_there():
    with pytest.raises(InputError, match=r"^street nowhere\.yaml: no such file$"):
        read_street("nowhere.yaml")
    with pytest.raises(InputError, match=r"^street nowhere: neither a file nor a shipped one \("):
        read_street("nowhere")


def test_bytes_that_were_not_written_are_no_trace(street, tracer, tmp_path):
    path = tmp_path / "t.h5"
    trace_street(street(), path, tracer(), lambda done, total: None)
    whole = path.read_bytes()
    with pytest.raises(InputError, match="no such file; `diffsem trace"):
        read_trace(tmp_path / "none.h5")
    for content, said in ((whole[: len(whole) // 2], "not valid HDF5|SHA-256"), (b"text", "not valid HDF5")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=said):
            read_trace(path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        file["eavesdropper/gains"][3, 0, 0, 0] *= 2
    with pytest.raises(InputError, match="its content is not what was written"):
        read_trace(path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        del file["receiver/delays"]
        file["receiver/delays"] = h5py.ExternalLink("other.h5", "/delays")
    with pytest.raises(InputError, match="is a link to elsewhere"):
        read_trace(path)


def test_a_trace_is_there_whole_or_not_at_all(street, tracer, tmp_path, monkeypatch):
    path = tmp_path / "t.h5"
    made = trace_street(street(), path, tracer(), lambda done, total: None)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_trace(path, made)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_the_environment_is_the_one_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert str(tracing_python(print)) == sys.executable
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match="no program; allowed: the path of a Python that has sionna-rt=="):
        tracing_python(print)


def test_an_environment_that_cannot_be_made_names_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # No index has it.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    said = []
    with pytest.raises(
        InputError, match=f"install {TRACER[0]} into an environment of its own and set {VARIABLE}"
    ) as error:
        tracing_python(said.append)
    assert str(error.value).count("\n") == 0
    assert len(said) == 1
    assert str(default_folder()) in said[0]
    assert not (default_folder() / "made").exists()
