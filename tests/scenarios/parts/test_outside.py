"""Code from outside of the package: found beside the scenario, imported last, and told of in one line."""

import sys
from pathlib import Path

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import command_line, load_scenario
from diffsem.scenarios.attacks import listed_attacks
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.links.wiretap import build_link
from diffsem.scenarios.parts.outside import find_code_beside
from diffsem.scenarios.runs.assembly import assemble
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.training.checkpoints import PRETRAINED
from diffsem.scenarios.training.eavesdropping import train_attack
from diffsem.scenarios.training.session import TrainingSession

HEAD = """
import keras
from diffsem.scenarios import AttackMethod

def build(target):
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    return keras.Model([received, time], keras.layers.Dense(target.classes)(keras.layers.Flatten()(received)))

def train(eavesdropping, model):
    return [{"epoch": 0, "seconds": 1.0}]
"""
PLACE = len(HEAD.splitlines()) + 2


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of one's own beside a scenario that lists it: gives the scenario."""
    names = []

    def write(body, listed="{name}:MINE", head=HEAD):
        name = f"mine_{tmp_path.name.replace('-', '_')}_{len(names)}"
        names.append(name)
        (tmp_path / f"{name}.py").write_text(f"{head}\n{body}\n")
        file = tmp_path / "mine.yaml"
        text = "name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {snr_db: [15], receivers: [classifier]}\n"
        file.write_text(text + f"eavesdropper: {{attacks: ['{listed.format(name=name)}']}}\n")
        scenario = load_scenario(file)
        find_code_beside(file)
        return scenario

    monkeypatch.setattr(sys, "path", list(sys.path))
    yield write
    for name in names:
        sys.modules.pop(name, None)


SMALL_BATCHES = """
class Small(keras.Model):
    def call(self, inputs):
        if inputs[0].shape[0] > 2:
            raise RuntimeError("too many")
        return keras.ops.zeros((2, 10))

MINE = AttackMethod("mine", "label", lambda target: Small(), None)
"""


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_module_beside_the_scenario_is_found_and_comes_last(module, tmp_path):
    scenario = module('MINE = AttackMethod("mine", "label", build, train)')
    assert [attack.name for attack in listed_attacks(scenario.eavesdropper)] == ["mine"]
    assert sys.path[-1] == str(tmp_path)
    # It cannot stand in for a library.
    (tmp_path / "colorsys.py").write_text("raise ZeroDivisionError")
    __import__("colorsys")


@pytest.mark.parametrize("name", ["mnist-quick", "mine.yaml"])
def test_the_folder_is_on_the_path_only_if_the_scenario_names_code(name, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    Path("mine.yaml").write_text("name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {snr_db: [15]}\n")
    if name == "mine.yaml":
        plan_of_file(name)
    else:
        # A shipped scenario has no folder, whatever it names.
        refusal(lambda: plan_of_file(name, ["eavesdropper.attacks=['mine:MINE']"]))
    assert sys.path == before


@pytest.mark.parametrize("path", [":X", "a:", "a:b:c", "..a:X", "a..b:X", "a b:X", "a:X()", ":", "os/path:join"])
def test_an_odd_spelling_ends_in_one_line(path):
    message = refusal(
        lambda: listed_attacks(load_scenario("mnist-quick", [f"eavesdropper.attacks=['{path}']"]).eavesdropper)
    )
    assert "one of your own is written module:NAME" in message


def test_what_is_no_attack_is_not_called(monkeypatch):
    called: list[str] = []
    monkeypatch.setattr("os.system", called.append)
    scenario = load_scenario("mnist-quick", ["eavesdropper.attacks=['os:system']"])
    assert "allowed: diffsem.scenarios.AttackMethod" in refusal(lambda: listed_attacks(scenario.eavesdropper))
    assert not called


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def MINE(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit('no more')", "SystemExit: no more"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(body, words, module, tmp_path):
    scenario = module(body)
    message = refusal(lambda: listed_attacks(scenario.eavesdropper))
    assert words in message
    assert f"{scenario.eavesdropper.attacks[0].attack}: {tmp_path}/mine_" in message
    assert f".py:{PLACE}: " in message


def test_ctrl_c_passes(module):
    scenario = module("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        listed_attacks(scenario.eavesdropper)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ('AttackMethod("", "label", build, train)', "its name ''"),
        ('AttackMethod("../up", "label", build, train)', "its name '../up'"),
        ('AttackMethod("mine", "labels", build, train)', "its output 'labels'; allowed: image, label"),
        ('AttackMethod("mine", "label", build, train, after=("nobody",))', "its after ('nobody',)"),
        ('AttackMethod("mine", "label", build, train, after=["linear-probe"])', "its after ['linear-probe']"),
        ('AttackMethod("mine", "label", build, [])', "unhashable type: 'list'"),
        ('AttackMethod("mine", "label", build, train, after=([],))', "its after ([],)"),
    ],
)
def test_an_attack_that_says_what_cannot_be_ends_in_one_line(made, words, module):
    scenario = module(f"MINE = {made}")
    assert words in refusal(lambda: listed_attacks(scenario.eavesdropper))


BROKEN = """
def broken(*arguments):
    raise {error}

class Broken(keras.Model):
    def call(self, inputs):
        return broken()

MINE = AttackMethod("mine", "label", {build}, {train}, applies={applies})
"""


@pytest.mark.parametrize("error", ["RuntimeError('lost')", "SystemExit('lost')", "KeyError('lost')", "OSError('lost')"])
@pytest.mark.parametrize("where", ["build", "train", "applies", "call"])
def test_an_error_of_an_attack_names_it_and_its_place(where, error, module, tmp_path):
    calls = {"build": "build", "train": "train", "applies": "lambda target: True"}
    calls |= {"build": "lambda target: Broken()"} if where == "call" else {where: "broken"}
    scenario = module(BROKEN.format(error=error, **calls))

    def act():
        planned = plan(scenario)
        (attack,) = planned.attacks
        attack.network.build(planned.setup.dimensions)
        dataset = load_dataset(planned.source, images=200)

        def link_of(transmitter, encoder):
            return build_link(planned.setup, transmitter, encoder, planned.channels)

        session = TrainingSession(planned.setup, planned.source, dataset, PRETRAINED / "mnist", link_of)
        train_attack(session, attack)

    message = refusal(act)
    assert message.startswith(f"eavesdropper.attacks: {scenario.eavesdropper.attacks[0].attack}: {tmp_path}/mine_")
    assert f".py:{PLACE + 2}: {error.partition('(')[0]}: " in message
    assert "lost" in message


def test_an_error_in_a_sweep_names_the_attack_and_its_place(module, rng):
    """Of what the two transmissions that every network is tried on do not show."""
    planned = plan(module(SMALL_BATCHES))
    (attack,) = assemble(planned, load_dataset(planned.source, images=200)).attacks
    run = attack.run
    two = [rng.standard_normal((2, 8, 8, 1)).astype("float32"), np.zeros(2, "float32")]
    assert run(two).shape == (2, 10)
    message = refusal(lambda: run([np.repeat(values, 2, axis=0) for values in two]))
    assert f".py:{PLACE + 4}: RuntimeError: " in message


@pytest.mark.parametrize(
    ("build", "output", "words"),
    [
        ("build", "image", "makes [2, 10] of 2 transmissions; allowed for output image: [2, 28, 28, 1]"),
        ("lambda target: 3", "label", "its build gives int, no keras.Model"),
    ],
)
def test_a_network_of_another_shape_is_told_when_it_is_built(build, output, words, module):
    planned = plan(module(f'MINE = AttackMethod("mine", "{output}", {build}, train)'))
    (attack,) = planned.attacks
    message = refusal(lambda: attack.network.build(planned.setup.dimensions))
    assert words in message


@pytest.mark.parametrize("history", ["None", "[]", "[{}]", "[{'seconds': float('nan')}]", "[{'seconds': 'long'}]"])
def test_a_training_without_a_history_is_told(history, module):
    scenario = module(f'MINE = AttackMethod("mine", "label", build, lambda *both: {history})')
    (attack,) = listed_attacks(scenario.eavesdropper)
    assert "gives no history" in refusal(lambda: attack.method.train(None, None))


def test_an_attack_is_the_same_however_often_it_is_listed(module):
    """Attacks are told apart by their methods, functions and all."""
    scenario = module('MINE = AttackMethod("mine", "image", build, train)')
    assert listed_attacks(scenario.eavesdropper) == listed_attacks(scenario.eavesdropper)
    (attack,) = listed_attacks(scenario.eavesdropper)
    assert attack.source == Path(sys.modules[attack.method.train.__module__].__file__)


@pytest.mark.parametrize("command", ["run", "train"])
def test_the_command_finds_the_module_and_tells_its_error(command, module, tmp_path, monkeypatch, capsys):
    module("1 / 0")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(tmp_path)])
    monkeypatch.setattr(sys, "argv", ["diffsem", command, str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "ZeroDivisionError" in error
