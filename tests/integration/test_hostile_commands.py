"""What is typed, and what lies where a command looks: bad input ends in one line, and nothing is touched."""

import json
import os
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from diffsem.scenarios import command_line
from diffsem.scenarios.commands.ending import run_program
from diffsem.scenarios.training.checkpoints import PRETRAINED

LONG = "x" * 300
TINY = [
    "--set",
    "legitimate={snr_db: [15], receivers: [classifier]}",
    "--set",
    "eavesdropper.attacks=[]",
    "--set",
    "monte_carlo={max_images: 32, batch_size: 32}",
    "--set",
    "training={images: 200, epochs: {pair: 1}}",
]
TRAIN, RUN = ["train", "mnist-quick", *TINY], ["run", "mnist-quick", *TINY]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Every kind of thing that a path may lead to."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "folder").mkdir()
    (folder / "text").write_text("neither a table nor a folder")
    (folder / "empty").touch()
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "device").symlink_to("/dev/zero")
    (folder / "dangling").symlink_to("nowhere")
    with h5py.File(folder / "other.h5", "w") as file:
        file["data"] = np.zeros(3)
    for name in ("pair", "foreign", "cut", "linked", "external", "huge"):
        (folder / name).mkdir()
        for network in ("encoder", "classifier"):
            shutil.copy(PRETRAINED / "mnist" / f"{network}.weights.h5", folder / name)
    encoder = Path("encoder.weights.h5")
    shutil.copy(PRETRAINED / "mnist" / "classifier.weights.h5", folder / "foreign" / encoder)
    (folder / "cut" / encoder).write_bytes((folder / "cut" / encoder).read_bytes()[:5000])
    layers = "layers/dense/vars/0"
    for name in ("linked", "external", "huge"):
        with h5py.File(folder / name / encoder, "a") as file:
            place = next(path for path in (layers, *_arrays(file)) if path in file)
            shape, kind = file[place].shape, file[place].dtype
            del file[place]
            if name == "linked":
                file[place] = h5py.ExternalLink(str(folder / "other.h5"), "data")
            elif name == "external":
                (folder / "secret").write_bytes(bytes(10**6))
                file.create_dataset(place, shape, kind, external=[(str(folder / "secret"), 0, h5py.h5f.UNLIMITED)])
            else:
                file.create_dataset(place, (2**40, 87), kind)
    for name, record in RECORDS.items():
        (folder / name).mkdir()
        (folder / name / "training.json").write_text(record if isinstance(record, str) else json.dumps(record))
    return folder


def _arrays(file):
    found = []
    file.visititems(lambda path, node: found.append(path) if isinstance(node, h5py.Dataset) and node.shape else None)
    return found


WHOLE = json.loads((PRETRAINED / "mnist" / "training.json").read_text())
PAIR = next(name for name, entry in WHOLE.items() if "encoder" in entry["sha256"])
RECORDS = {
    "list": [],
    "word": '"pair"',
    "deep": "[" * 10**5,
    "number": {PAIR: 1},
    "no-seed": {PAIR: {}},
    "digests": {PAIR: WHOLE[PAIR] | {"sha256": ["encoder"]}},
    "digest": {PAIR: WHOLE[PAIR] | {"sha256": {"encoder": 7}}},
    "hangs-on": {PAIR: WHOLE[PAIR] | {"hangs_on": [1, 2]}},
    "hangs-in": {PAIR: WHOLE[PAIR] | {"hangs_on": {"scenario": 1, "networks": [], "versions": None}}},
    "epochs": {PAIR: WHOLE[PAIR] | {"epochs": "many"}},
    "letters": "\xff\xfe",
}


@pytest.fixture
def diffsem(shelf, capsys, monkeypatch, tmp_path):
    """Run a command where {shelf} stands for that folder; gives its status and the lines of standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def call(arguments):
        started = time.perf_counter()
        status = run_program(command_line.app, [word.replace("{shelf}", str(shelf)) for word in arguments])
        assert time.perf_counter() - started < 10
        err = capsys.readouterr().err
        return status, [line for line in err.splitlines() if line.startswith("diffsem: ")], err

    return call


BAD = [
    *(
        [*RUN, "--out", out]
        for out in ("", ".", "/", "{shelf}/folder", LONG, f"{LONG}/r.h5", "/dev/null", "/proc/r.h5")
    ),
    *(
        [*RUN, "--out", f"{{shelf}}/{out}"]
        for out in ("pipe", "loop", "device", "dangling", "text", "empty", "other.h5")
    ),
    *([*RUN, "--overwrite", "--out", f"{{shelf}}/{out}"] for out in ("pipe", "loop", "device", "text", "other.h5")),
    *([*TRAIN, "--out", out] for out in ("/dev/null", LONG, "{shelf}/text", "{shelf}/pipe", "{shelf}/loop", "/proc")),
    *([*TRAIN, "--start", start, "--out", "w"] for start in ("", "{shelf}/folder", "{shelf}/text", "/dev/null", LONG)),
    *([*TRAIN, "--start", f"{{shelf}}/{record}", "--out", "w"] for record in RECORDS),
    *([*TRAIN, "--out", f"{{shelf}}/{record}"] for record in RECORDS),
    *([*RUN, "--set", f"weights={{shelf}}/{record}"] for record in ("list", "word", "deep", "digest", "letters")),
    *(
        [*RUN, "--set", f"weights={folder}"]
        for folder in (
            "/dev/null",
            "{shelf}/folder",
            "{shelf}/text",
            "{shelf}/loop",
            LONG,
            "' '",
            "'a\\0b'",
            '"\\e[2J"',
        )
    ),
    *([*RUN, "--set", f"weights={{shelf}}/{kind}"] for kind in ("foreign", "cut", "linked", "external", "huge")),
    *(["pack", "mnist-quick", f"{{shelf}}/{kind}", "--out", "p"] for kind in ("folder", "text", "pair", *RECORDS)),
    ["pack", "mnist-quick", "{shelf}/pair", "--out", "{shelf}/pair"],
    *(
        [*RUN, "--set", f"dataset={{folder: {folder}}}"]
        for folder in (
            "/dev/null",
            "{shelf}/folder",
            "{shelf}/text",
            "{shelf}/loop",
            LONG,
            "/proc/self",
            "''",
            "'a\\0b'",
        )
    ),
    *(
        ["run", "cifar10-quick", "--data-dir", folder]
        for folder in ("{shelf}/folder", "{shelf}/text", "{shelf}/pipe", "{shelf}/loop", LONG, "/dev/null")
    ),
    *(["check", name] for name in ("{shelf}/folder", "{shelf}/pipe", "{shelf}/device", "{shelf}/empty", "", "/", LONG)),
    *(["check", "mnist-quick", "--set", word] for word in ("", "=", "a", "=1", ".", "a.=1", "name=\x1b[2J", "name=")),
    *([command, name] for command in ("show", "leakage", "plot") for name in ("", ".", "/dev/null", LONG)),
    *(
        [command, f"{{shelf}}/{name}"]
        for command in ("show", "leakage", "plot", "attacks")
        for name in ("folder", "text", "empty", "pipe", "loop", "device", "dangling", "other.h5")
    ),
    *([*RUN, "--workers", count] for count in ("0", "-1", "1.5", "x", "1e3", "1025", "9" * 20)),
    ["run", "mnist-awgn", "--workers", "1000", "--set", "timesteps=[" + ", ".join(map(str, range(400))) + "]"],
    *([*RUN, "--scheduler", address] for address in ("", "x", "tcp://", "tcp://x", "tcp://[", "file:///etc/passwd")),
]


def _name(words):
    told = " ".join(word for word in words if word not in TINY)
    return told[:80].encode("unicode_escape").decode()


@pytest.mark.parametrize("arguments", BAD, ids=_name)
def test_bad_input_ends_in_one_line_and_nothing_is_touched(arguments, diffsem, shelf):
    before = _contents(shelf)
    status, lines, err = diffsem(arguments)
    assert "Traceback" not in err
    assert (status, len(lines)) == (2, 1), err
    assert _contents(shelf) == before


def _contents(folder):
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.endswith(".lock")
    }
