"""What is typed, and what lies where a command looks: bad input ends in one line, and nothing is touched."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from diffsem.scenarios import command_line
from diffsem.scenarios.commands.ending import run_program
from diffsem.scenarios.schema.file import SHIPPED
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
    *([command, name] for command in ("show", "leakage", "plot", "report") for name in ("", ".", "/dev/null", LONG)),
    *(
        [command, f"{{shelf}}/{name}"]
        for command in ("show", "leakage", "plot", "attacks", "report")
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


HEAD = """
import keras
import numpy as np
from pydantic import Field

from diffsem.scenarios import (
    BlockFadingKeys, ChannelKind, DataSource, DatasetKind, Judge, Keys, LabelledImages, NetworkSpec, Sizes, Stage,
    System, TransmitterSpec,
)


class Shape(BlockFadingKeys):
    m: float = Field(default=1.0, ge=0.5)


class Count(Keys):
    images: int = Field(default=200, ge=20)


def lost(*arguments):
    raise RuntimeError("two\\nlines")


ENCODER = NetworkSpec("own-encoder", lambda sizes: keras.Sequential([keras.Input(sizes.image_shape)]))
TRANSMITTER = TransmitterSpec("own", ENCODER)


def system(name="own", title="mine", colour="#112233", transmitter=TRANSMITTER, **more):
    return System(name, title, colour, transmitter, **({"networks": lambda setup: {}, "receiver": lost} | more))


def data(name="own", images=(28, 28, 1), load=lost, **more):
    sizes = Sizes(images, (8, 8, 1), lambda: 10, **({"pixel_rms": 0.5} | more))
    return DatasetKind(name, lambda keys: DataSource(name, sizes, load, lambda: 40, lambda: 160), Count)


def parts(*counts_and_labels):
    return lambda folder: tuple(
        LabelledImages(np.zeros((count, 28, 28, 1), np.uint8), np.full(count, label))
        for count, label in counts_and_labels
    )


"""
# How a scenario names a part, and keys that it is given.
DOORS = {
    "legitimate.receivers": "legitimate={{snr_db: [15], receivers: ['{part}']}}",
    "legitimate.channel": "legitimate.channel={{kind: '{part}'{keys}}}",
    "eavesdropper.channel": "eavesdropper.channel={{kind: '{part}'{keys}}}",
    "dataset": "dataset={{kind: '{part}'{keys}}}",
    "eavesdropper.judge": "eavesdropper.judge={part}",
}
CHANNEL = "ChannelKind('own', Shape, lost)"
# Key of the scenario, what its module makes, keys that it is given, words of the line.
FOREIGN = [
    *((door, "1 / 0", "", "ZeroDivisionError: division by zero") for door in DOORS),
    *((door, "lost()", "", "RuntimeError: two lines") for door in DOORS),
    *((door, "exit(0)", "", "SystemExit: 0") for door in DOORS),
    *((door, ")", "", "SyntaxError") for door in DOORS),
    *((door, "None", "", "is NoneType; allowed: diffsem.scenarios.") for door in DOORS),
    *((door, "object", "", "is type; allowed: diffsem.scenarios.") for door in DOORS),
    ("legitimate.receivers", "System", "", "is type; allowed: diffsem.scenarios.System"),
    ("legitimate.receivers", "system('diffsem')", "", "its name 'diffsem'"),
    ("legitimate.receivers", "system('../up')", "", "its name '../up'"),
    ("legitimate.receivers", "system(['own'])", "", "its name ['own']"),
    ("legitimate.receivers", "system(receiver=None)", "", "has a receiver and digital links, or neither"),
    ("legitimate.receivers", "system(transmitter='own')", "", "its transmitter 'own'"),
    ("legitimate.receivers", "system(stages=[1])", "", "its stages [1]"),
    ("legitimate.receivers", "system(networks=lost)", "", "RuntimeError: two lines"),
    ("legitimate.receivers", "system(networks=lambda setup: 3)", "", "its networks 3"),
    ("legitimate.receivers", "system(unet_calls=lost)", "", "RuntimeError: two lines"),
    ("legitimate.receivers", "system(check=lost)", "", "RuntimeError: two lines"),
    *(
        (door, CHANNEL, keys, words)
        for door in ("legitimate.channel", "eavesdropper.channel")
        for keys, words in ((", n: 1", ".n: unknown key"), (", m: 0.1", ".m: 0.1"), (", m: x", ".m: 'x'"))
    ),
    ("legitimate.channel", "ChannelKind('awgn', Shape, lost)", "", "its name 'awgn'"),
    ("legitimate.channel", "ChannelKind('own', Keys, lost)", "", "BlockFadingKeys or GridKeys"),
    ("legitimate.channel", "ChannelKind('own', 3, lost)", "", "BlockFadingKeys or GridKeys"),
    ("dataset", "data()", ", n: 1", ".n: unknown key"),
    ("dataset", "data()", ", images: 5", ".images: 5"),
    ("dataset", "data('mnist')", "", "its name 'mnist'"),
    ("dataset", "data(images=(28, 28))", "", "its image_shape is (28, 28)"),
    ("dataset", "data(pixel_rms=0.0)", "", "its pixel_rms is 0.0"),
    ("dataset", "DatasetKind('own', lost, Count)", "", "RuntimeError: two lines"),
    ("dataset", "DatasetKind('own', lambda keys: 3, Count)", "", "its source is int"),
    ("dataset", "DatasetKind('own', lost, 3)", "", "its keys are no sub-class of diffsem.scenarios.Keys"),
    ("eavesdropper.judge", "Judge('own', 3, ENCODER, lost)", "", "a network is int"),
    ("eavesdropper.judge", "Judge('strong-classifier', ENCODER, ENCODER, lost)", "", "its name 'strong-classifier'"),
]
# What is only seen once it is used, in training.
FOREIGN_IN_USE = [
    ("dataset", "data()", "RuntimeError: two lines"),
    ("dataset", "data(load=lambda folder: 3)", "load gives int"),
    ("dataset", "data(load=parts((160, 0), (3, 0)))", "test_images gives 40, load 3"),
    ("dataset", "data(load=parts((160, 11), (40, 0)))", "160 labels such as 11"),
    ("legitimate.receivers", "system(stages=(Stage('own', (ENCODER,), (), lost),))", "RuntimeError: two lines"),
]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a module beside a scenario that names a part of it; gives its name, and the scenario as it is typed."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = f"own_{tmp_path.name.translate({ord('-'): '_', ord('.'): '_'})}"

    def write(door, mine, keys=""):
        (tmp_path / f"{name}.py").write_text(f"{HEAD}MINE = {mine}\n")
        shutil.copy(SHIPPED / "mnist-quick.yaml", tmp_path / "own.yaml")
        return name, ["own.yaml", *TINY, "--set", DOORS[door].format(part=f"{name}:MINE", keys=keys)]

    yield write
    sys.modules.pop(name, None)


@pytest.mark.parametrize(("door", "mine", "keys", "words"), FOREIGN)
def test_a_part_from_outside_that_cannot_be_is_told_in_one_line(door, mine, keys, words, own, diffsem):
    name, scenario = own(door, mine, keys)
    # Nothing of it is run unless that is asked for.
    assert diffsem(["check", *scenario])[0] == 0
    assert name not in sys.modules
    status, lines, err = diffsem(["check", *scenario, "--import"])
    assert (status, len(lines), err.count("\n")) == (2, 1, 1), err
    assert lines[0].startswith(f"diffsem: {door}"), err
    assert words in lines[0]
    assert diffsem(["run", *scenario, "--out", "r.h5"]) == (status, lines, err)
    assert not Path("r.h5").exists()


@pytest.mark.parametrize(("door", "mine", "words"), FOREIGN_IN_USE)
def test_a_part_from_outside_that_fails_when_it_is_used_is_told_in_one_line(door, mine, words, own, diffsem):
    name, scenario = own(door, mine)
    status, lines, err = diffsem(["train", *scenario, "--out", "w"])
    assert "Traceback" not in err
    assert (status, len(lines)) == (2, 1), err
    assert words in lines[0]
    assert f"{door}: {name}:MINE" in lines[0]
    assert not list(Path("w").glob("*.h5"))


@pytest.mark.parametrize("door", ["legitimate.channel", "eavesdropper.channel"])
@pytest.mark.parametrize(("build", "words"), [("lost", "RuntimeError: two lines"), ("lambda *_: 3", "gives int")])
def test_a_channel_from_outside_that_cannot_be_built_is_told_in_one_line(door, build, words, own, diffsem):
    name, scenario = own(door, f"ChannelKind('own', Shape, {build})")
    # The shipped weights do for any channel.
    status, lines, err = diffsem(["run", *scenario, "--out", "r.h5"])
    assert "Traceback" not in err
    assert (status, len(lines)) == (2, 1), err
    assert words in lines[0]
    assert f"{name}:MINE" in lines[0]
    assert not Path("r.h5").exists()
