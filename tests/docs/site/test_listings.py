"""Listings of the pages are what they look like: Python that runs, scenarios that are read, commands that exist."""

import ast
import importlib.util
import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image
from typer.main import get_command

from diffsem.scenarios import load_scenario
from diffsem.scenarios.command_line import app
from diffsem.scenarios.runs.reading import parse_words
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.streets.street import read_street

LEAST = {"name": "least", "dataset": "mnist", "timesteps": [240], "legitimate": {"snr_db": [15]}}
TAKES_SCENARIO = ("run", "train", "check", "pack")


def missing_modules(text):
    """Top-level modules that a listing imports and that are not installed."""
    tree = ast.walk(ast.parse(text))
    imports = [node for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    return [name for name in names if importlib.util.find_spec(name.split(".")[0]) is None]


def is_long(text):
    return any(f"{call}(" in text for call in ("run_scenario", "train_scenario", "load_link"))


def test_python_runs(python_block, shown_folder):
    code = compile(python_block.text, python_block.name, "exec")
    if python_block.mark or is_long(python_block.text) or missing_modules(python_block.text):
        return
    exec(code, {"__name__": "shown"})


@pytest.mark.slow
def test_long_python_runs(python_block, shown_folder):
    if python_block.mark or not is_long(python_block.text) or missing_modules(python_block.text):
        pytest.skip("quick, or not to be run")
    if "workers=" not in python_block.text:
        exec(compile(python_block.text, python_block.name, "exec"), {"__name__": "shown"})
        return
    # Workers import the script that starts them.
    (shown_folder / "shown.py").write_text(python_block.text)
    done = subprocess.run([sys.executable, "shown.py"], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr


def merged(base, more):
    """Keys of both, those of the second where both have one."""
    both = dict(base)
    for key, value in more.items():
        both[key] = merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return both


def test_scenarios_are_read(yaml_block, shown_folder):
    """Whole ones by the reader of files, parts of one on top of the least that a scenario has to say."""
    for label in ("cats", "dogs"):
        folder = shown_folder / "photographs" / label
        folder.mkdir(parents=True)
        for number in range(12):
            Image.fromarray(np.full((40, 40, 3), number, np.uint8)).save(folder / f"{number}.png")
    content = yaml.safe_load(yaml_block.text)
    if "scene" in content:
        (shown_folder / "street.yaml").write_text(yaml_block.text)
        assert read_street("street.yaml").name == content["name"]
    elif "name" in content:
        (shown_folder / "shown.yaml").write_text(yaml_block.text)
        assert load_scenario("shown.yaml").name == content["name"]
    else:
        parse_words(merged(LEAST, content), yaml_block.name)


def parsed(line):
    """Command and its values, as the program itself takes a line apart. Raises what typer raises of a wrong one."""
    words = shlex.split(line, comments=True)[1:]
    group = get_command(app)
    context = group.make_context("diffsem", list(words), resilient_parsing=False)
    name, command, rest = group.resolve_command(context, words)
    return name, command.make_context(name, list(rest), parent=context).params


def test_commands_exist(command, shown_folder):
    name, values = parsed(command)
    scenario = values.get("scenario")
    if name not in TAKES_SCENARIO or scenario is None or scenario.isupper() or scenario.endswith(".yaml"):
        return
    assert scenario in shipped_scenarios()
    load_scenario(scenario, values["set_"] or [])


def test_a_wrong_option_would_be_noticed():
    with pytest.raises(Exception, match="nonsense"):
        parsed("diffsem run mnist-awgn --nonsense")
