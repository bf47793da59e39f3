"""The command as a user types it: exit status, standard output and error."""

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from diffsem.link import read_table, write_table

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


def assert_one_line(result, *words):
    status, out, err = result
    assert status == 2
    assert out == ""
    assert err.startswith("diffsem: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def test_check_prints_the_resolved_scenario_and_its_cost(diffsem):
    status, out, _ = diffsem("check", "mnist-awgn", "--set", "timesteps=[240]", "--set", "legitimate.snr_db=[15]")
    assert status == 0
    assert "max_rounds: 5" in out
    assert "# cost: 1 points, at most 10,000 images for each of 6 systems, at most 130,000 U-Net calls" in out
    assert re.fullmatch(
        r"# estimate on this machine \(\d+ cores, .* GiB\): about .* GiB of memory, about .*", out.splitlines()[2]
    )


@pytest.mark.parametrize(
    ("overrides", "cost"),
    [
        # Two attacks on the paper's pair, whose systems share them, and one of them on the control's too.
        (
            [
                "legitimate.receivers=[classifier, diffsem, noise-aware-pair]",
                "eavesdropper.attacks=[task-classifier, {attack: inversion-mlp, transmitters: [clean-pair]}]",
            ],
            "300 evaluations of attacks",
        ),
        (["eavesdropper.snr_db=[0, 5, 10]"], "600 evaluations of attacks"),
        (["eavesdropper.looks=4"], "200 evaluations of attacks"),
        (["legitimate.receivers=[keyed-scramble]", "eavesdropper.looks=4"], "800 evaluations of attacks"),
        (["legitimate.receivers=[reference-one-step]"], "at most 100 U-Net calls, "),
        (["legitimate.receivers=[one-step, reference-one-step]", "denoising.steps=9"], "at most 200 U-Net calls, "),
    ],
)
def test_check_counts_attacks_and_calls(overrides, cost, diffsem):
    given = [
        "timesteps=[240]",
        "legitimate.snr_db=[15]",
        "legitimate.receivers=[diffsem]",
        "monte_carlo.max_images=100",
    ]
    given += ["eavesdropper.attacks=[inversion-mlp, task-classifier]", *overrides]
    status, out, _ = diffsem("check", "mnist-awgn", *[word for key in given for word in ("--set", key)])
    assert status == 0
    assert cost in out.splitlines()[1]


def test_check_counts_every_digital_link_as_a_system(diffsem):
    status, out, _ = diffsem("check", "mnist-digital")
    assert status == 0
    assert "# cost: 15 points, at most 38,400 images for each of 8 systems, at most 38,400 U-Net calls" in out


def test_check_prints_the_json_schema(diffsem):
    status, out, _ = diffsem("check", "--schema")
    assert status == 0
    assert "timesteps" in json.loads(out)["properties"]


@pytest.mark.parametrize("command", ["show", "leakage", "attacks"])
def test_the_title_of_a_table_says_how_its_eavesdropper_hears(command, diffsem):
    shipped = NOTEBOOKS / "defences" / "null-space-antennas-4.h5"
    status, out, _ = diffsem(command, shipped)
    assert status == 0
    assert "null-space-antennas-4.h5: receiver rayleigh; eavesdropper rayleigh, 4 antennas" in " ".join(out.split())


def test_attacks_prints_every_attack_once_and_writes_the_columns_of_the_table(diffsem, tmp_path):
    shipped = NOTEBOOKS / "fig9-cifar10.h5"
    status, out, _ = diffsem("attacks", shipped, "--csv", tmp_path / "attacks.csv")
    assert status == 0
    rows = read_table(shipped).rows
    # 105 adversary rows: the two systems of the paper's pair share its attacks.
    keys = ["timestep", "receiver_snr_db", "snr_db", "transmitter", "attack"]
    expected = rows[rows["node"] == "adversary"].groupby(keys)["accuracy"].first()
    written = pd.read_csv(tmp_path / "attacks.csv", keep_default_na=False)
    assert len(written) == len(expected) == 63
    assert set(written.columns) <= set(rows.columns)
    pd.testing.assert_series_equal(written.set_index(keys)["accuracy"].sort_index(), expected.sort_index())
    for name in set(rows["attack"]) - {""}:
        assert out.count(f" {name} ") == (written["attack"] == name).sum()


def test_scenarios_lists_the_shipped_ones(diffsem):
    status, out, _ = diffsem("scenarios")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "benchmark",
        "ber-calibration",
        "cifar10-awgn",
        "cifar10-quick",
        "cifar10-rayleigh",
        "cifar10-reference",
        "fig10-cifar10",
        "fig4-mnist",
        "fig5-mnist",
        "fig8-mnist",
        "fig9-cifar10",
        "mnist-awgn",
        "mnist-correlated",
        "mnist-digital",
        "mnist-keyed-scramble",
        "mnist-keyed-self-noise",
        "mnist-mimo",
        "mnist-mismatch",
        "mnist-null-space-noise",
        "mnist-published-defences",
        "mnist-quick",
        "mnist-rayleigh",
        "mnist-rayleigh-blocks",
        "mnist-reference",
        "mnist-rician",
        "mnist-simo",
        "mnist-solvers",
        "mnist-surrogates",
        "mnist-tdl",
        "street-canyon",
        "street-quick",
    ]


def test_info_names_versions_devices_and_weights(diffsem):
    status, out, _ = diffsem("info")
    assert status == 0
    for word in ("sionna-no-rt 1.2.2", "devices: ", "weights cifar10", "weights mnist", "denoiser-label: "):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], ["nowhere", "mnist-quick"]),
        (["check", "nowhere.yaml"], ["no such file"]),
        (["check"], ["needs a scenario"]),
        (["run", "mnist-quick", "--set", "timesteps=[501]"], ["timesteps", "501", "500"]),
        (["run", "mnist-quick", "--set", "legitimate.snr_db=[high]"], ["snr_db", "high"]),
        (["run", "mnist-quick", "--set", "sed=1"], ["sed: unknown key", "did you mean seed?"]),
        (["run", "mnist-quick", "--set", "weights=/nowhere", "--out", "{tmp}/r.h5"], ["/nowhere/", "diffsem train"]),
        (["run", "mnist-quick", "--out", "{tmp}/file/r.h5"], ["cannot be written"]),
        (["train", "mnist-quick", "--out", "{tmp}/file/w"], ["cannot be written"]),
        (["run", "mnist-quick", "--scheduler", "tcp://127.0.0.1:1", "--out", "{tmp}/r.h5"], ["tcp://127.0.0.1:1"]),
        (["run", "mnist-quick", "--scheduler", "localhost", "--out", "{tmp}/r.h5"], ["localhost", "tcp://HOST:PORT"]),
        (["run", "mnist-quick", "--scheduler", "tcp://x:1", "--workers", "2", "--out", "{tmp}/r.h5"], ["give one of"]),
        (["run", "mnist-quick", "--set", "denoising.solver=euler"], ["denoising.solver", "dpm-solver++"]),
        (["show", "{tmp}/none.h5"], ["no such file"]),
        (["show", "{tmp}/file"], ["not a result table"]),
        (["leakage", "{tmp}/file"], ["not a result table"]),
        (["attacks", "{tmp}/file"], ["not a result table"]),
        (["attacks", str(NOTEBOOKS / "solvers" / "ddim-1.h5")], ["has no attacks"]),
        (["train", "mnist-quick", "--start", "{tmp}", "--out", "{tmp}/w"], ["has no record", "--start"]),
        (
            ["check", "mnist-quick", "--import", "--set", "eavesdropper.attacks=['nowhere:X']"],
            ["nowhere:X", "No module named"],
        ),
        (["plot", "{tmp}/file"], ["not a result table"]),
        (["export", "{tmp}/file", "--csv", "{tmp}/x.csv"], ["not a result table"]),
    ],
)
def test_bad_input_ends_in_one_line_and_status_2(arguments, words, diffsem, tmp_path):
    (tmp_path / "file").write_text("neither a folder nor a table")
    assert_one_line(diffsem(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments)), *words)


def test_check_runs_the_code_that_a_scenario_names_only_if_told_to(diffsem, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    ran = tmp_path / "ran"
    (tmp_path / "attack_that_writes.py").write_text(f"open({str(ran)!r}, 'w').close()")
    command = ["check", "mnist-quick", "--set", "eavesdropper.attacks=['attack_that_writes:X']"]
    status, out, _ = diffsem(*command)
    assert (status, "attack_that_writes:X" in out) == (0, True)
    assert not ran.exists()
    assert_one_line(diffsem(*command, "--import"), "attack_that_writes:X")
    assert ran.exists()


def test_run_resumes_a_table_of_other_versions_only_if_told_to(diffsem, tmp_path):
    path = tmp_path / "r.h5"
    command = ["run", "mnist-quick", "--out", path, "--set", "legitimate={snr_db: [0, 15], receivers: [classifier]}"]
    command += ["--set", "eavesdropper.attacks=[]", "--set", "monte_carlo={max_images: 32, batch_size: 32}"]
    assert diffsem(*command)[0] == 0
    table = read_table(path)
    former = table.attributes | {"versions": json.dumps({"numpy": "1.0"})}
    table = replace(table.of_rows(slice(1), table.rows[:1]), attributes=former, complete=False)
    write_table(path, table)
    status, _, err = diffsem(*command)
    assert status == 2
    assert "numpy 1.0 there, " in err.splitlines()[-1]
    assert diffsem(*command, "--mixed-versions")[0] == 0
    # A title is broken to the width of its table.
    assert "(rows of several package versions)" in " ".join(diffsem("show", path)[1].split())


HEAVY = ("tensorflow", "keras", "sionna", "pandas", "matplotlib", "plotly", "jinja2")


@pytest.mark.parametrize("arguments", [["--help"], ["check", "mnist-awgn"], ["check", "--schema"], ["scenarios"]])
def test_commands_that_compute_nothing_load_no_library_for_it(arguments):
    code = (
        "import sys; from diffsem.scenarios import command_line\n"
        f"sys.argv[1:] = {arguments}\n"
        "try:\n    command_line.main()\n"
        f"finally:\n    print(sorted(set(sys.modules) & set({HEAVY})), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["-c", "import diffsem.scenarios"], ["-m", "diffsem.scenarios.command_line", "--help"]]
)
def test_help_and_the_package_are_there_within_a_second(arguments):
    """The fastest of five: what the machine does besides is not the command's."""

    def seconds():
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(5)) < 1


@pytest.mark.parametrize(
    "command", ["run", "train", "show", "leakage", "attacks", "plot", "report", "export", "check", "scenarios", "info"]
)
def test_every_command_has_help(command, diffsem):
    status, out, _ = diffsem(command, "--help")
    assert status == 0
    assert "Usage" in out
