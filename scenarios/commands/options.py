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
        help="Only these points, e.g. t=240,snr=15: t, snr, eavesdropper_snr, or another swept column, e.g. looks=10.",
    ),
]
