"""Whatever stands in a scenario or behind --set, `diffsem check` ends with status 0, or with one line and status 2."""

import contextlib
import errno
import io
import os
import resource
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffsem.scenarios import command_line, load_scenario
from diffsem.scenarios.schema.file import SHIPPED, shipped_scenarios

MINIMAL = "name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {snr_db: [10]}\n"


def check(*arguments):
    """Run `diffsem check` in this process: status, standard output and error. It takes less than 10 s and 1 GiB."""
    out, error = io.StringIO(), io.StringIO()
    begin, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        mock.patch.object(sys, "argv", ["diffsem", "check", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
    ):
        try:
            command_line.main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
    assert time.monotonic() - begin < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 2**20
    return status, out.getvalue(), error.getvalue()


def assert_refused(result):
    status, out, error = result
    assert status == 2
    assert out == ""
    assert error.startswith("diffsem: ")
    assert error.endswith("\n")
    assert error[:-1].isprintable()
    assert len(error) < 2500


# What is changed in a shipped scenario.
SETS = r"""
=
=1
==
a
timesteps
timesteps=
timesteps==
.=1
..=1
a..b=1
.a=1
a.=1
legitimate.=1
.legitimate=1
legitimate..snr_db=[1]
legitimate.snr_db.0=1
legitimate.snr_db[0]=1
legitimate.receivers.0=diffsem
eavesdropper.attacks.0.attack=linear-probe
timesteps.0=3
0=1
legitimate.0=1
name.first=a
seed.deep.deeper=1
-1=1
true=1
null=null
legitimate=null
legitimate=[]
legitimate={}
legitimate=perfect
legitimate={snr_db: [1], 1: 2}
timesteps=null
timesteps={}
timesteps=[]
timesteps=[[]]
timesteps=[[1]]
timesteps=[null]
timesteps=[240, 240]
timesteps=[1e400]
timesteps=[.inf]
timesteps=[-.inf]
timesteps=[.nan]
timesteps=[99999999999999999999999999999]
timesteps=[9999999999999999999999999999999999999999]
timesteps=[0x7fffffffffffffffffffffffff]
timesteps=[010]
timesteps=[0o10]
timesteps=[08]
timesteps=[!!int abc]
timesteps=[!!float nan]
timesteps=[2026-01-01]
timesteps=[2026-13-01]
timesteps=!!set {1}
timesteps=!!binary aaaa
timesteps=!!omap [a: 1]
timesteps=!!python/tuple [1]
timesteps=!!python/object/apply:os.system [ls]
timesteps=&a [*a]
timesteps=*a
timesteps=[1
timesteps=1]
timesteps={
timesteps="
timesteps='
timesteps=|
timesteps=%
timesteps=@
timesteps=`
timesteps=,
timesteps=--- [1]\n--- [2]
timesteps=<<
schedule=null
schedule=1
schedule=[]
schedule=linearly
schedule=m:NAME
schedule={steps: 0}
schedule={steps: 10001}
schedule={steps: 1e9}
schedule={steps: 1.5}
schedule={steps: yes}
schedule={steps: 100}
schedule={beta_start: 0}
schedule={beta_start: -0.1}
schedule={beta_start: .nan}
schedule={beta_start: 0.5}
schedule={beta_end: 1}
schedule={beta_end: .inf}
schedule={beta_end: 1e-5}
schedule={beta_end: 1e-400}
schedule={kind: sigmoid}
schedule={kind: [linear]}
schedule={kind: cosine, beta_end: 0.5}
schedule={betas: [0.1]}
schedule.steps.x=1
schedule.alpha=1
compression=0
compression=-1
compression=1.5
compression=true
compression=""
compression=[64]
compression={}
compression=7
compression=1000001
compression=1e9
compression=.nan
weights_only=null
weights_only=2
weights_only=perhaps
seed=-1
seed=2147483648
seed=1.5
seed=1e3000
seed=[1.5]
seed=null
seed=yes
seed=0b2
seed=1__x
name=
name=null
name=1
name=..
name=.hidden
name=-x
name=a/b
name=../../etc
name=a b
name=[a]
name="a\0b"
name="a\nb"
name="\e[31m"
name="\u202e"
name="[bold]x[/bold]"
name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
dataset=null
dataset=1
dataset=[]
dataset=[mnist]
dataset={}
dataset={folder: null}
dataset={folder: 1}
dataset={folder: []}
dataset={folder: ""}
dataset={folder: "a\0b"}
dataset={folder: /nowhere}
dataset={folder: ~}
dataset={folder: ~/nowhere}
dataset={folder: /dev/null}
dataset={folder: /dev/zero}
dataset={folder: /dev/stdin}
dataset={folder: /etc/passwd}
dataset={folder: /etc/passwd/x}
dataset={folder: x, image_size: 1e9}
dataset={folder: x, image_size: -16}
dataset={folder: x, image_size: 17}
dataset={folder: x, compression: 0}
dataset={folder: x, compression: .nan}
dataset={folder: x, compression: 1e-300}
dataset={folder: x, compression: 2}
dataset={folder: x, folder: y}
dataset={kind: mnist}
dataset={kind: null}
dataset={kind: 1}
dataset={kind: [a:X]}
dataset={kind: ""}
dataset={kind: ":"}
dataset={kind: "a:b:c"}
dataset={kind: "a:X()"}
dataset={kind: "a:X", kind: "b:X"}
dataset={kind: "a:X", n: {}}
dataset={kind: "a:X", n: [[1]]}
dataset={kind: "a:X", n: .nan}
dataset={kind: "a:X", 1: 2}
dataset={kind: "a:X", aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1}
dataset={mnist: 1}
dataset=a:b:c
dataset=":"
dataset="os/path:X"
dataset=mnst
dataset="\e[2J"
weights=null
weights=1
weights=[]
weights={}
weights=
weights=""
weights="a\0b"
weights=~
legitimate.snr_db=null
legitimate.snr_db=150
legitimate.snr_db={}
legitimate.snr_db=[1e309]
legitimate.snr_db=[1, 1]
legitimate.snr_db=[2, 1]
legitimate.snr_db=[1000]
legitimate.snr_db=["\x1b[2J"]
legitimate.channel=null
legitimate.channel=awgnn
legitimate.channel=[]
legitimate.channel=[awgn]
legitimate.channel={}
legitimate.channel={kind: null}
legitimate.channel={kind: []}
legitimate.channel={kind: {}}
legitimate.channel={kind: 1}
legitimate.channel={kind: AWGNN}
legitimate.channel={kind: "a\nb"}
legitimate.channel={kind: rayleigh, coherence: 1000000000}
legitimate.channel={kind: rayleigh, coherence: 0}
legitimate.channel={kind: rayleigh, coherence: 1.5}
legitimate.channel={kind: rician, k_factor_db: 1e9}
legitimate.channel={kind: tdl, subcarriers: 1000000000}
legitimate.channel={kind: tdl, delay_spread_ns: .inf}
legitimate.channel={kind: cdl, speed_mps: -1}
legitimate.channel={kind: cdl, model: [A]}
legitimate.channel.kind.x=1
legitimate.channel={kind: ":"}
legitimate.channel={kind: "a:b:c"}
legitimate.channel={kind: "..a:X"}
legitimate.channel={kind: "a:X()"}
legitimate.channel={kind: "a:X", m: {}}
legitimate.channel={kind: "a:X", m: [[1]]}
legitimate.channel={kind: "a:X", m: .inf}
legitimate.channel={kind: "a:X", 1: 2}
eavesdropper.channel={kind: "a b:X"}
eavesdropper.channel={kind: "a:X", m: {n: 1}}
eavesdropper.channel=a b:X
legitimate.csi=null
legitimate.csi=1
legitimate.csi=[]
legitimate.csi=[perfect]
legitimate.csi={}
legitimate.csi={pilots: 1000000000}
legitimate.csi={pilots: null}
legitimate.csi={pilots: 1, values: 2}
legitimate.csi={pilots: 1, correlation: 2}
legitimate.snr_estimate_error_db=null
legitimate.snr_estimate_error_db=[]
legitimate.snr_estimate_error_db={}
legitimate.snr_estimate_error_db=high
legitimate.snr_estimate_error_db={deviation: 1, word: 2}
legitimate.transmit_antennas=1000000000
legitimate.receive_antennas=0
legitimate.receivers=difsem
legitimate.receivers=[null]
legitimate.receivers=[[]]
legitimate.receivers=[{}]
legitimate.receivers={}
legitimate.receivers=[""]
legitimate.receivers=[":"]
legitimate.receivers=["a:"]
legitimate.receivers=[":X"]
legitimate.receivers=["..:X"]
legitimate.receivers=["a b:X"]
legitimate.receivers=["a:b:c"]
legitimate.receivers=["a:X()"]
legitimate.receivers=["os/path:join"]
legitimate.receivers=["a:X", "a:X"]
legitimate.receivers=[difsem]
legitimate.receivers=["\e[2J"]
legitimate.receivers=["a\nb:X"]
legitimate.key=null
legitimate.key=secret
legitimate.key={generator: []}
eavesdropper.snr_db=null
eavesdropper.snr_db=[]
eavesdropper.snr_db={}
eavesdropper.snr_db={offset: 1, distance: 2}
eavesdropper.snr_db={distance: 1e-300}
eavesdropper.snr_db={distance: 1e300}
eavesdropper.snr_db={distance: 0.001, path_loss_exponent: 10}
eavesdropper.snr_db={path_loss_exponent: 2}
eavesdropper.snr_db=Sames
eavesdropper.attacks=null
eavesdropper.attacks=linear-prob
eavesdropper.attacks=[null]
eavesdropper.attacks=[[]]
eavesdropper.attacks=[{}]
eavesdropper.attacks=[""]
eavesdropper.attacks=[":"]
eavesdropper.attacks=["..:X"]
eavesdropper.attacks=["a b:X"]
eavesdropper.attacks=["a:b:c"]
eavesdropper.attacks=[{attack: linear-probe, surrogate: {foo: 1}}]
eavesdropper.attacks=[{attack: linear-probe, surrogate: []}]
eavesdropper.attacks=[{attack: linear-probe, transmitters: []}]
eavesdropper.attacks=[{attack: linear-probe, transmitters: [x]}]
eavesdropper.looks=1000000000
eavesdropper.judge=1
eavesdropper.judge=[]
eavesdropper.judge={}
eavesdropper.judge=""
eavesdropper.judge=nobody
eavesdropper.judge=":"
eavesdropper.judge=a:b:c
eavesdropper.judge="a\0b:X"
eavesdropper.surrogate={share: -0.0}
denoising.steps=1000000000
denoising.channels=8000000000
denoising.channels=9
denoising.max_rounds=1000000000
denoising.guidance=1e300
denoising.solver=[]
monte_carlo.batch_size=1000000000
monte_carlo.batch_size=65536
monte_carlo.max_images=1000000000
monte_carlo.passes=1000000000
monte_carlo.target_errors=1000000000
monte_carlo.ci_half_width=0
monte_carlo.ci_half_width=1e-400
monte_carlo.ci_half_width=1e-200
bit_error_rates=[{code_rate: 1e-320}]
monte_carlo=[]
digital=null
digital=[]
digital=[[]]
digital=[{bits: 1000000000}]
digital=[{code_rate: 1}]
digital=[{code_rate: 1.0e-320}]
digital={a: 1}
bit_error_rates=[{information_bits: 1000000000}]
bit_error_rates=[{information_bits: 0}]
bit_error_rates=[null]
execution.xla=2
execution.xla=fast
execution.xla=[auto]
execution=fast
execution=[auto]
execution.precision=float64
training.epochs=null
training.epochs.denoiser=1000000000
training.epochs.denoisr=1
training.batch_size=1000000000
training.images=1000000000000
training.ibal.beta=1e300
training.ibal.beta=-1
training.teacher_steps=1000000000
training.snr_db=[1]
training.snr_db=[1, 2, 3]
training.augmentation=mirrored
training.augmentation=[[]]
word=1
keys=1
ratio=1
values=1
<<=1
<<={a: 1}
__class__=1
model_config=1
\x00=1
a\nb=1
\x1b[31mred=1
[bold]=1
é=1
""".strip().splitlines()

# Whole files; each stands behind what a minimal scenario has, or alone where it begins with ---.
FILES = [
    "",
    "---",
    "--- null",
    "--- 3",
    "--- text",
    "--- [1, 2]",
    "--- []",
    "--- {}",
    "--- !!map",
    "--- *a",
    "--- &a [*a]",
    "--- &a {name: *a}",
    "--- {a: 1}\n---\n{b: 2}",
    "--- {name: mine, name: other}",
    "--- {1: 2}",
    "--- {yes: 2}",
    "--- {null: 2}",
    "--- {? [a] : 2}",
    "--- {[a]: 2}",
    "--- {{a: 1}: 2}",
    "--- {<<: 3}",
    "--- {<<: [3]}",
    "--- {<<: {<<: {<<: x}}}",
    "--- !!python/object/new:os.system [echo]",
    "--- !<tag:yaml.org,2002:python/name:os.system> ''",
    "%YAML 3.0\n--- {}",
    "%TAG ! tag:yaml.org,2002:python/\n--- !name:os.system ''",
    "--- " + "[" * 100_000,
    "--- " + "{a: " * 50_000,
    "--- " + "[" * 40 + "]" * 40,
    "--- " + "- " * 1000 + "a",
    "--- {a: &a [x, x, x, x, x, x, x, x, x, x], b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a], "
    "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b], d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c], "
    "e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]}",
    "\0",
    "\x07",
    "\ud800",
    '? "\\ud800"\n: 1',
    "a: \t- b",
    "\tname: x",
    "training: &t {epochs: *t}",
    "seed: 1\nseed: 1",
    "seed: 1\n 'seed': 1",
    "seed: !!timestamp 2026-01-01",
    "seed: 1" + "0" * 1000,
    "seed: " + "1" * 100_000,
    "weights: " + "x" * 5000,
    "weights: " + "/x" * 2000,
    "weights: " + "x" * 200_000,
    "weights: '" + "\n" * 1000 + "'",
    "x" * 10_000 + ": 1",
    "'" + "x\\n" * 300 + "': 1",
    '"\\e[31m": 1',
    '"a\\nb": 1',
    "training: {epochs: {'\\n': 1}}",
    "training: {epochs: " + "{a: " * 20 + "1" + "}" * 21,
    "bit_error_rates: [" + "{}, " * 5000 + "]",
    "digital: [" + "{}, " * 101 + "{}]",
    "eavesdropper: {attacks: [" + "linear-probe, " * 6000 + "]}",
    "eavesdropper: {snr_db: [" + ", ".join(map(str, range(-50, 100))) + ", 100.5]}",
    "eavesdropper: {channel: {kind: " + "x" * 50_000 + "}}",
    "eavesdropper: {attacks: [" + "x" * 50_000 + "]}",
    "eavesdropper: {attacks: ['" + "x" * 300 + ":X']}",
    "#" * 300_000,
    "seed: " + "[" * 31 + "]" * 31,
    "seed: '" + "a" * 100_000 + "'",
    "seed: {" + ", ".join(f"k{i}: 1" for i in range(5000)) + "}",
]


@pytest.mark.parametrize("text", SETS)
def test_a_hostile_override_is_refused_in_one_line(text):
    text = text.replace(r"\n", "\n").replace(r"\x1b", "\x1b").replace(r"\x00", "\0") if '"' not in text else text
    assert_refused(check("mnist-quick", "--set", text))


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 1000) + "=1",
        "." * 1000 + "=1",
        "legitimate." * 40 + "x=1",
        "x" * 10**6 + "=1",
        "seed=" + "1" * 10**6,
        "seed=" + "[" * 10**6,
        "seed='" + "a" * 10**6 + "'",
        "=" * 10**6,
        "x" * 10**6,
        "name=" + "x" * 10**5,
    ],
    ids=lambda text: f"{text[:8]} x {len(text)}",
)
def test_an_override_of_any_length_is_refused_in_one_short_line(text):
    assert_refused(check("mnist-quick", "--set", text))


@pytest.mark.parametrize("text", FILES, ids=lambda text: f"{text[:30]!r} x {len(text)}")
def test_a_hostile_file_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "mine.yaml"
    head = MINIMAL if text and not text.startswith(("---", "%")) else ""
    path.write_bytes((head + text).encode("utf-8", "surrogatepass"))
    assert_refused(check(path))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe" + MINIMAL.encode("utf-16-le"),
        b"\xff",
        MINIMAL.encode() + b"# \xe9",
        b"\x89HDF\r\n\x1a\n",
        b"\0" * 10**7,
    ],
    ids=["utf-16", "byte", "latin-1", "hdf5", "zeros"],
)
def test_bytes_that_are_no_text_are_refused(content, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(content)
    assert_refused(check(tmp_path / "mine.yaml"))


def test_images_that_may_not_be_read_are_told_in_one_line(tmp_path, monkeypatch):
    for place in ("cats", "dogs"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "1.png").touch()

    def closed(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)
    result = check("mnist-quick", "--set", f"dataset={{folder: {tmp_path}}}")
    assert_refused(result)
    assert "cats: cannot be read (Permission denied)" in result[2]


def test_a_byte_order_mark_is_read_over(tmp_path):
    (tmp_path / "mine.yaml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    status, out, _ = check(tmp_path / "mine.yaml")
    assert status == 0
    assert "\nname: mine\n" in out


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "nowhere")
    places = [tmp_path / name for name in ("pipe.yaml", "pipe", "folder.yaml", "loop.yaml", "dangling.yaml")]
    places += [tmp_path, "/dev/zero", "/dev/null", "/dev/stdin", "/", ".", "..", "~", "", "a\0b", "x" * 5000]
    places += ["x/" * 2000, "x" * 300 + ".yaml", "mnist-quick/", "MNIST-QUICK", "mnist-quick.yaml", "\x1b[31m", "a\nb"]
    for place in places:
        assert_refused(check(place))


WORDS = [
    "~",
    "010",
    "0o7",
    "1:30",
    "2026-13-01",
    ".nan",
    "-.inf",
    "yes",
    "<<",
    "=",
    "*a",
    "&a b",
    "!!int x",
    "[",
    "{",
    "?",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*WORDS, "[bold]x[/]", "\x1b[31m", "\u202e", "x" * 10_000, "a\nb", "perfect", "mnist", "awgn"])
    | st.dates()
    | st.binary(max_size=8)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)
SHIPPED_TEXTS = {name: (SHIPPED / f"{name}.yaml").read_bytes() for name in shipped_scenarios()}


@st.composite
def broken_texts(draw):
    """A shipped file with bytes cut, flipped or inserted, or lines repeated."""
    content = SHIPPED_TEXTS[draw(st.sampled_from(sorted(SHIPPED_TEXTS)))]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["cut", "flip", "insert", "repeat", "swap"]))
        lines = content.splitlines(keepends=True) or [b""]
        line = draw(st.integers(0, len(lines) - 1))
        if kind == "cut":
            content = content[:place] + content[place + draw(st.integers(1, 20)) :]
        elif kind == "flip":
            content = content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
        elif kind == "insert":
            word = draw(st.binary(max_size=5) | st.sampled_from([word.encode() for word in WORDS]))
            content = content[:place] + word + content[place:]
        elif kind == "repeat":
            content = b"".join(lines[: line + 1] + lines[line:] * draw(st.sampled_from([1, 100])))
        else:
            content = b"".join(lines[line:] + lines[:line])
    return content


@st.composite
def broken_values(draw):
    """A resolved scenario in which some keys or values are others."""
    content = load_scenario(draw(st.sampled_from(["mnist-quick", "mnist-tdl", "mnist-digital"]))).model_dump(
        mode="json"
    )
    for _ in range(draw(st.integers(1, 2))):
        node = content
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(node[key], dict | list) and draw(st.booleans()):
                node = node[key]
                continue
            if isinstance(node, dict) and draw(st.booleans()):
                node[draw(SCALARS.filter(lambda value: value == value))] = node.pop(key)
            else:
                node[key] = draw(VALUES)
            break
    return yaml.safe_dump(content).encode()


def flow_nodes():
    """YAML in flow style, with anchors, aliases, tags and merges wherever they may stand."""
    anchors = st.sampled_from(["", "", "&a ", "&b "])
    tags = st.sampled_from(
        ["", "", "", "!!int ", "!!str ", "!!set ", "!!binary ", "!x ", "!!python/name:os.system ", "! "]
    )
    keys = st.sampled_from(["<<", "name", "legitimate", "snr_db", "timesteps", "? [a]", "*a ", "1", "'a'"])
    scalars = st.sampled_from([*WORDS[:10], "*a", "*b", "1", "a", "'b'", '"\\ud800"', "mnist", "240"])
    inner = st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
            st.lists(st.tuples(keys, inner), max_size=3).map(
                lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
            ),
        ),
    )
    return st.builds(lambda anchor, tag, node: anchor + tag + node, anchors, tags, inner)


def overrides():
    keys = ["timesteps", "legitimate", "legitimate.snr_db", "legitimate.channel", "legitimate.channel.kind", "dataset"]
    keys += ["eavesdropper.attacks", "eavesdropper.snr_db", "training.epochs.pair", "digital", "monte_carlo", "seed.x"]
    keys += ["legitimate.receivers", "eavesdropper.judge", "schedule", "schedule.kind", "compression", "dataset.kind"]
    values = (
        st.text(max_size=20) | flow_nodes() | VALUES.map(lambda value: yaml.safe_dump(value).removesuffix("\n...\n"))
    )
    return st.builds(
        lambda key, middle, value: key + middle + value,
        st.sampled_from(keys) | st.text(max_size=20),
        st.sampled_from(["=", "=", "=", "", ".", "..=", ".x=", " = "]),
        values,
    )


def files(content):
    return st.tuples(st.just("file"), content)


CASES = {
    "bytes": files(broken_texts()),
    "values": files(broken_values()),
    "events": files(st.lists(flow_nodes(), min_size=1, max_size=3).map(lambda nodes: "\n".join(nodes).encode())),
    "events in a scenario": files(flow_nodes().map(lambda node: f"{MINIMAL}training: {node}".encode())),
    "overrides": st.tuples(st.just("override"), overrides()),
}


def assert_answered(case, path):
    kind, content = case
    if kind == "file":
        path.write_bytes(content)
        result = check(path)
    else:
        result = check("mnist-quick", "--set", content)
    if result[0] == 0:
        assert result[2] == ""
    else:
        assert_refused(result)


@pytest.mark.parametrize("kind", CASES)
def test_a_scenario_that_was_changed_at_random_is_answered(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "mine.yaml"
    settings(max_examples=20)(given(CASES[kind])(lambda case: assert_answered(case, path)))()


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_many_scenarios_that_were_changed_at_random_are_answered(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "mine.yaml"
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    answered = given(CASES[kind])(lambda case: assert_answered(case, path))
    settings(max_examples=300, suppress_health_check=checks)(answered)()
