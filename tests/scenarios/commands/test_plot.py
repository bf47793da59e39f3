"""`diffsem plot`: which figures, of which systems, under which names."""

import shutil
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[3] / "notebooks" / "channels" / "rayleigh.h5"


@pytest.fixture
def plot(monkeypatch, diffsem):
    """Run the command; what it would draw is told, not drawn."""
    calls = []

    def record(*arguments):
        calls.append(arguments)
        return []

    monkeypatch.setattr("diffsem.scenarios.reporting.figures.save_figures", record)

    def run(*arguments):
        status, _, err = diffsem("plot", *arguments)
        assert status == 0, err
        return calls[-1]

    return run


@pytest.fixture
def stored(tmp_path):
    def store(name):
        path = tmp_path / f"{name}.h5"
        path.parent.mkdir(exist_ok=True)
        return Path(shutil.copy(SHIPPED, path))

    return store


@pytest.mark.slow
def test_names_begin_with_those_of_the_tables(plot, stored):
    assert plot(stored("mine"))[2] == "mine"
    assert plot(stored("a"), stored("b"))[2:4] == ("a+b", ["a", "b"])
    assert plot(stored("x/r"), stored("y/r"))[2:4] == ("x-r+y-r", ["x-r", "y-r"])
    many = [stored(f"a-long-name-of-a-table-{place}") for place in range(8)]
    first, second = plot(*many)[2], plot(*many[:-1], stored("another"))[2]
    assert first.startswith("a-long-name-of-a-table-0+7-more-")
    assert len(first) < 100
    assert first != second


def test_options_say_what_is_drawn_and_how(plot, stored):
    tables, _, _, _, only, look = plot(
        stored("r"), "--only", "accuracy-snr,front", "--only", "quality", "--systems", "diffsem", "--style", "paper"
    )
    assert set(tables[0].rows["system"]) == {"diffsem"}
    assert only == ["accuracy-snr", "front", "quality"]
    assert (look.titled, look.log_error) == (False, False)
    assert plot(stored("r"), "--log-error")[5].log_error
    assert plot(stored("r"))[4] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--style", "poster"], "--style poster: no style; allowed: screen, paper"),
        (["--systems", "nobody"], "r.h5: --systems: 'nobody' is not in the table; allowed: classifier, "),
        (
            ["--only", "fronts"],
            "--only fronts: no such figure here; allowed: accuracy-snr, accuracy-t, front, ",
        ),
        (["--only", ""], "--only : no such figure here; allowed: "),
    ],
)
def test_what_is_unknown_ends_in_one_line(diffsem, stored, options, message):
    status, _, err = diffsem("plot", stored("r"), *options)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_figures_of_two_tables_of_a_folder_lie_side_by_side(diffsem, stored, tmp_path):
    options = ["--only", "schedule", "--style", "paper"]
    for name in ("one", "two"):
        assert diffsem("plot", stored(name), *options)[0] == 0
    drawn = {path.name for path in tmp_path.iterdir() if path.suffix != ".h5"}
    assert drawn == {f"{name}-schedule.{suffix}" for name in ("one", "two") for suffix in ("png", "pdf", "txt")}
