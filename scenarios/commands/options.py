"""Arguments and options that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

MOST_WORKERS = 1024


def number_of_workers(value: str) -> int | str:
    """A number of processes, or the word auto. Raises typer.BadParameter."""
    if value == "auto":
        return value
    # Digits of other scripts are none, and a number of many would take long to read.
    if value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= MOST_WORKERS and len(value) < 10:
        return int(value)
    raise typer.BadParameter(f"{value!r} is neither auto nor a number from 1 to {MOST_WORKERS}")


Workers = Annotated[
    Any,
    typer.Option(
        parser=lambda value: number_of_workers(str(value)),
        metavar="N|auto",
        help="Processes of this machine that share out the points; auto: as many as end first. Same table.",
    ),
]
TlsFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="For --scheduler tls://HOST:PORT, as of Dask's own commands."),
]


class Format(StrEnum):
    """What a table may be written as."""

    TABLE = "table"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    JSON = "json"


ScenarioArgument = Annotated[
    str, typer.Argument(help="A shipped scenario's name (see `diffsem scenarios`) or a YAML file.")
]
ResultArgument = Annotated[Path, typer.Argument(help="A result file that `diffsem run` wrote.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the scenario, e.g. timesteps=[240]; repeatable."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Where cifar10 lies, as its standard archive or unpacked; else DIFFSEM_DATA or Keras' own downloads.",
    ),
]
MixedVersions = Annotated[
    bool,
    typer.Option("--mixed-versions", help="Resume a file of other package versions too; the table then says so."),
]
Profile = Annotated[
    bool,
    typer.Option("--profile", help="Tell, behind the results and in the table, where the time of this process went."),
]
Fresh = Annotated[
    bool, typer.Option(help="Delete first what the folder holds of the stages to be trained; others stay.")
]
Renew = Annotated[
    bool,
    typer.Option(
        help="Train anew the stages that were trained with other keys, images, networks or versions, instead of "
        "ending in an error that names them."
    ),
]
Distill = Annotated[
    bool, typer.Option(help="Train the one-call students of the denoisers too; same as denoising.solver=distilled.")
]
Start = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="Copy finished stages from a folder of weights, or pretrained: the package's."),
]
Systems = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only these systems; repeatable, or several with commas between."),
]
At = Annotated[
    str,
    typer.Option(
        metavar="AXIS=VALUE,...",
        help="Only these points, e.g. t=240,snr=15: t, snr, eavesdropper_snr, or another swept column, e.g. seed=2 or "
        "eavesdropper_looks=10, in short looks=10.",
    ),
]
FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="What to print: a table for people, as wide as the terminal, or with every column into a pipe or file; "
        "the same in Markdown or LaTeX; or the numbers behind, unrounded, as CSV or JSON.",
    ),
]
Sort = Annotated[
    str, typer.Option(metavar="COLUMN", help="Sort by a column of the CSV format; -COLUMN: the largest first.")
]
CsvFile = Annotated[Path | None, typer.Option("--csv", help="Write the table to this CSV file too.")]
