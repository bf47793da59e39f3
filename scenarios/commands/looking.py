"""check, scenarios, info: the commands that tell what is there, and what it would cost."""

from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.options import Overrides
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow


def check(
    scenario: Annotated[str | None, typer.Argument(help="A shipped scenario's name or a YAML file.")] = None,
    set_: Overrides = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenario files instead.")] = False,
    import_: Annotated[
        bool,
        typer.Option(
            "--import",
            help="Import what comes from outside of the package (module:NAME) too, as `run` and `train` do: this "
            "runs its code.",
        ),
    ] = False,
) -> None:
    """Validate a scenario; print its cost in images, calls of networks, memory and time, what it lacks, and its keys.

    What it costs and lacks stands on lines that begin with #; what follows is the resolved scenario, as YAML.
    """
    import json

    from diffsem.scenarios.runs.cost.affordable import affordable_sweep
    from diffsem.scenarios.runs.reading import plan_of_file, read_without_imports, scenario_schema
    from diffsem.scenarios.runs.resolving import outside_parts

    if schema:
        typer.echo(json.dumps(scenario_schema(), indent=2))
        return
    if scenario is None:
        raise InputError(f"check: needs a scenario or --schema; shipped: {', '.join(_shipped())}")
    words, plan = read_without_imports(scenario, set_ or [])
    outside = outside_parts(words)
    if import_ and outside:
        whole = plan_of_file(scenario, set_ or [], load_tensorflow)
        plan, words, outside = whole, whole.scenario, []
    if plan is not None:
        _print_cost(affordable_sweep(plan), words.monte_carlo.passes)
        _print_missing(plan, ["diffsem", "train", scenario, *(word for key in set_ or [] for word in ("--set", key))])
    if outside:
        typer.echo(escaped(f"# not looked into: {', '.join(outside)}; --import does, and runs their code"))
    typer.echo(words.to_yaml(), nl=False)


def _print_cost(cost, passes: int) -> None:
    from diffsem.scenarios.runs.cost.machine import this_machine
    from diffsem.scenarios.runs.cost.need import estimate
    from diffsem.scenarios.runs.cost.rate import relative_speed

    machine = this_machine()
    again = f", gone through {passes} times" if passes > 1 else ""
    typer.echo(f"# test set: {cost.test_images:,} images{again}; a point ends there")
    typer.echo(
        f"# cost: {cost.points} points, at most {cost.images:,} images for each of {cost.systems} systems, "
        f"at most {cost.unet_calls:,} U-Net calls, at most {cost.attack_evaluations:,} evaluations of attacks"
    )
    typer.echo(f"# estimate on this machine ({machine}): {estimate(cost.need, machine, relative_speed(machine))}")
    if cost.not_counted:
        typer.echo(escaped(f"# not in the estimate, their cost is not known: {', '.join(cost.not_counted)}"))


def _print_missing(plan, train: list[str]) -> None:
    import shlex

    from diffsem.scenarios.runs.cost.missing import missing_data, missing_weights

    networks, folder = missing_weights(plan)
    if networks:
        out = str(folder or f"weights/{plan.scenario.name}")
        then = "" if folder else f"; then --set weights={out}"
        command = shlex.join([*train, "--out", out])
        typer.echo(escaped(f"# missing weights: {', '.join(networks)}; `{command}` trains them{then}"))
    if data := missing_data(plan):
        typer.echo(escaped(f"# missing data: {data}"))


def scenarios() -> None:
    """List the shipped scenarios."""
    from diffsem.scenarios.schema.file import SHIPPED

    for name in _shipped():
        first = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        typer.echo(f"{name:21} {first.removeprefix('# ')}")


def info() -> None:
    """Print versions, devices and shipped weights."""
    import platform

    load_tensorflow()
    import tensorflow as tf

    from diffsem.scenarios.runs.assembly import versions
    from diffsem.scenarios.training.checkpoints import PRETRAINED
    from diffsem.scenarios.training.record import read_record

    typer.echo(f"python {platform.python_version()} on {platform.machine()}")
    for package, version in versions().items():
        typer.echo(f"{package} {version}")
    typer.echo(f"devices: {', '.join(device.name for device in tf.config.list_logical_devices())}")
    for folder in sorted(path for path in PRETRAINED.glob("*") if path.is_dir()):
        size = sum(path.stat().st_size for path in folder.glob("*.h5")) / 2**20
        typer.echo(f"weights {folder.name}: {size:.1f} MiB")
        for stage, entry in read_record(folder).items():
            typer.echo(f"  {stage}: {entry['epochs']} epochs, seed {entry['seed']}, {entry['date']}")


def _shipped() -> list[str]:
    from diffsem.scenarios.schema.file import shipped_scenarios

    return shipped_scenarios()
