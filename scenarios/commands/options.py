"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

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
