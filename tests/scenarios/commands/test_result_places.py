"""Where results, figures and CSV files go, what they replace, and how names from outside look there."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from diffsem.link import InputError, read_results, read_table, write_table
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.reporting.figures.all_figures import save_figures
from diffsem.scenarios.reporting.figures.attacks import attacks_figure
from diffsem.scenarios.training.checkpoints import PRETRAINED

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
SHIPPED = NOTEBOOKS / "defences" / "null-space-antennas-2.h5"
TINY = [
    "timesteps=[240]",
    "legitimate={snr_db: [15], receivers: [classifier]}",
    "eavesdropper.attacks=[]",
    "monte_carlo={max_images: 32, batch_size: 32}",
]
NAMES = ["[/bold]", "[red]x[/red]", "\x1b[2Jx", "a\nb", r"$\frac$", "a/b", "..", "_x"]


@pytest.fixture
def stored(tmp_path):
    """Write a shipped table with other rows."""

    def write(change=lambda rows: rows, source=SHIPPED, **attributes):
        table, path = read_table(source), tmp_path / "r.h5"
        rows = change(table.rows)
        table = replace(table, attributes=table.attributes | attributes)
        write_table(path, table.of_rows(rows.index.to_numpy(), rows.reset_index(drop=True)))
        return path

    return write


def assert_one_line(result, *words):
    status, _, err = result
    assert status == 2
    assert err.splitlines()[-1].startswith("diffsem: ")
    assert "Traceback" not in err
    for word in words:
        assert word in err.splitlines()[-1]


@pytest.mark.parametrize("out", ["", ".", "/", "{tmp}", "x" * 300, "/dev/null", "{tmp}/link", "{tmp}/pipe", "/proc/r"])
@pytest.mark.parametrize(
    "command",
    [["run", "mnist-quick", "--out"], *([name, SHIPPED, "--csv"] for name in ("export", "leakage", "attacks"))],
)
def test_a_place_where_no_file_can_be_ends_in_one_line(command, out, diffsem, tmp_path, monkeypatch):
    monkeypatch.setattr("diffsem.scenarios.runs.sweep.load_dataset", lambda *_: pytest.fail("too late"))
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    assert_one_line(diffsem(*command, out.format(tmp=tmp_path)), "csv file " if "--csv" in command else "result file ")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", [["train", "mnist-quick"], ["pack", "mnist-quick", "{tmp}"]])
@pytest.mark.parametrize("out", ["x" * 300, "/dev/null", "{tmp}/file", "/proc/w"])
def test_a_place_where_no_weights_can_be_ends_in_one_line(command, out, diffsem, tmp_path):
    (tmp_path / "file").write_text("")
    shutil.copy(PRETRAINED / "mnist" / "training.json", tmp_path)
    arguments = [word.format(tmp=tmp_path) for word in (*command, "--out", out)]
    assert_one_line(diffsem(*arguments), "weights folder ")


@pytest.mark.parametrize("what", ["csv", "weights", "empty", "older, damaged", "link"])
def test_overwrite_replaces_nothing_but_a_result_file(what, tmp_path):
    path = target = tmp_path / "r.h5"
    match what:
        case "csv":
            path.write_text("system,node\n")
        case "weights":
            with h5py.File(path, "w") as file:
                file["layers"] = np.arange(3)
        case "empty":
            path.write_bytes(b"")
        case "older, damaged":
            path.write_bytes(SHIPPED.read_bytes()[:-2000])
        case "link":
            target = tmp_path / "target.h5"
            write_table(target, read_table(SHIPPED))
            path.symlink_to(target)
    before = target.read_bytes()
    for overwrite in (True, False):
        with pytest.raises(InputError) as error:
            run_scenario(load_scenario("mnist-quick", TINY), path, overwrite=overwrite)
        assert "\n" not in str(error.value)
        assert "--overwrite" not in str(error.value) or "which alone --overwrite replaces" in str(error.value)
        assert target.read_bytes() == before


@pytest.mark.parametrize("what", ["whole", "damaged", "cut short", "older"])
def test_overwrite_replaces_a_result_file(what, tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, read_table(SHIPPED))
    content = path.read_bytes()
    damaged = {"damaged": content[:-1] + b"?", "cut short": content[:100], "older": SHIPPED.read_bytes()}
    path.write_bytes(damaged.get(what, content))
    if what in ("damaged", "cut short"):
        with pytest.raises(InputError, match=r"SHA-256.*or run again with --overwrite"):
            run_scenario(load_scenario("mnist-quick", TINY), path)
    run_scenario(load_scenario("mnist-quick", TINY), path, overwrite=True)
    assert list(read_results(path)["system"]) == ["classifier"]


@pytest.mark.parametrize("spelling", ["r.h5", "./r.h5", "folder/../r.h5", "hard.h5", "link.h5"])
@pytest.mark.parametrize("command", ["export", "leakage", "attacks"])
def test_no_csv_takes_the_place_of_the_table(command, spelling, diffsem, stored, monkeypatch):
    path = stored()
    monkeypatch.chdir(path.parent)
    (path.parent / "folder").mkdir()
    os.link(path, "hard.h5")
    Path("link.h5").symlink_to("r.h5")
    before = path.read_bytes()
    assert_one_line(diffsem(command, path, "--csv", spelling), "csv file ")
    assert path.read_bytes() == before


def test_a_full_disk_keeps_the_former_csv_and_figures(diffsem, stored, monkeypatch, tmp_path):
    path, csv = stored(), tmp_path / "r.csv"
    csv.write_text("former")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert_one_line(diffsem("export", path, "--csv", csv), "csv file ", "No space left on device")
    assert_one_line(diffsem("leakage", path, "--csv", csv), "csv file ", "No space left on device")
    assert_one_line(diffsem("plot", path, "--out", tmp_path / "figures"), "figures in ", "No space left on device")
    assert csv.read_text() == "former"
    assert list((tmp_path / "figures").iterdir()) == []
    assert sorted(tmp_path.iterdir()) == [tmp_path / "figures", csv, path]


def test_a_folder_that_cannot_be_written_gets_no_figures(diffsem, stored):
    assert_one_line(diffsem("plot", stored(), "--out", "/proc"), "figures in /proc: cannot be written")


def test_a_figure_does_not_follow_a_link(diffsem, stored, tmp_path):
    path = stored(lambda rows: rows[:1])
    (tmp_path / "r-schedule.png").symlink_to("elsewhere")
    assert_one_line(diffsem("plot", path), "r-schedule.png: is a symbolic link")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:1],
        lambda rows: rows[rows["node"] == "adversary"][:1],
        lambda rows: rows[rows["node"] == "adversary"],
        lambda rows: rows[:0],
    ],
    ids=["one receiver", "one adversary", "no receiver", "nothing"],
)
def test_a_small_table_is_drawn_or_refused(change, diffsem, stored):
    path = stored(change)
    status, out, err = diffsem("plot", path)
    assert (status == 0 and out) or (status == 2 and "has no finished point yet" in err)
    for command in ("show", "leakage"):
        assert diffsem(command, path)[0] == 0


@pytest.mark.parametrize("errors", [True, False])
def test_digital_links_alone_are_drawn(errors, diffsem, stored):
    def change(rows):
        names = ["correct", "total"] if errors else ["bit_errors", "block_errors", "squared_bit_errors"]
        changed = rows[:3].copy()
        if not errors:
            changed[[*names, "ber", "ber_low", "bler", "bler_low"]] = 0
        return changed

    path = stored(change, NOTEBOOKS / "channels" / "ber-awgn.h5")
    assert diffsem("plot", path)[0] == 0
    assert sorted(figure.name for figure in path.parent.glob("*.p*")) == ["r-error-rates.pdf", "r-error-rates.png"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_look_like_orders_are_shown_as_text(name, diffsem, stored):
    path = stored(lambda rows: rows.assign(system=name, attack=np.where(rows["attack"] == "", "", name)))
    shown = name.replace("\x1b", r"\x1b").replace("\n", r"\n")
    for command in ("show", "leakage"):
        status, out, _ = diffsem(command, path)
        assert status == 0
        assert shown in out
        assert "\x1b" not in out


def test_a_path_that_looks_like_markup_is_shown_as_text(diffsem, stored, tmp_path):
    odd = tmp_path / "[red]r[" / "b].h5"
    odd.parent.mkdir()
    stored().rename(odd)
    assert "[red]r[/b].h5" in "".join(diffsem("show", odd)[1].split())
    csv = tmp_path / "a\x1b[2J.csv"
    assert diffsem("export", odd, "--csv", csv)[1].strip() == str(tmp_path / r"a\x1b[2J.csv")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["[red]$\\frac$\x1b[2J", "a/b\nc", ".."])
def test_figures_show_such_names_as_text_and_lie_in_their_folder(name, stored, tmp_path):
    def change(rows):
        return rows.assign(system=name, transmitter=name, attack=np.where(rows["attack"] == "", "", name))

    table = read_table(stored(change))
    figures = save_figures([table], tmp_path / "figures", "r")
    plt.close("all")
    assert {path.parent for path in figures} == {tmp_path / "figures"}
    assert set(figures) == set((tmp_path / "figures").iterdir())
    assert all(path.name.isprintable() for path in figures)
    figure = attacks_figure(table, name, table.rows["receiver_snr_db"].max())
    labels = [text.get_text() for text in figure.findobj(Text)]
    shown = name.replace("\x1b", r"\x1b").replace("\n", r"\n").replace("$", r"\$")
    assert shown in labels or name.startswith("_")
    plt.close("all")


@pytest.mark.slow
def test_figures_of_ordinary_names_are_called_as_before(stored, tmp_path):
    path = stored(lambda rows: rows.assign(system="null-space+2:x y", transmitter="pair_1.0"))
    figures = save_figures([read_table(path)], tmp_path, "r")
    plt.close("all")
    names = ["accuracy-t-15dB", "attacks-pair_1.0", "front", "quality", "reconstructions-15dB", "schedule"]
    assert sorted(figure.name for figure in figures if figure.suffix == ".png") == [f"r-{name}.png" for name in names]
