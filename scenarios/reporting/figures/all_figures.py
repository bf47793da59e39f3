"""All figures that result tables have the data for, drawn and saved."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import matplotlib
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import InputError, ResultTable, check_output_file, check_output_folder, replace_file
from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.attacks import attacks_figure
from diffsem.scenarios.reporting.figures.calls import calls_figure
from diffsem.scenarios.reporting.figures.channel import channel_figure
from diffsem.scenarios.reporting.figures.error_rates import error_rate_figure
from diffsem.scenarios.reporting.figures.front import front_figure
from diffsem.scenarios.reporting.figures.outage import outage_figure
from diffsem.scenarios.reporting.figures.quality import quality_figure
from diffsem.scenarios.reporting.figures.reconstructions import reconstruction_figure
from diffsem.scenarios.reporting.figures.schedule import schedule_figure
from diffsem.scenarios.reporting.statistics import outage
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.reporting.variants import by_variant


def figures_of(table: ResultTable) -> Iterator[tuple[str, Figure]]:
    """Every figure that a table has the data for, with its name.

    Accuracy over SNR for each t, over t for each SNR (axes of more than one value; a single point counts as an SNR
    axis), the outage over SNR where the channel fades, privacy against utility at the highest SNR, each system over t
    with a colour an SNR, every attack on each transmitter and the quality of its images over t at the highest SNR, the
    schedule, and reconstructions at the highest SNR; bit and block error rates of digital links.
    """
    if (table.rows["bits"] > 0).any():
        yield "error-rates", error_rate_figure(table, table.rows["timestep"].min())
    rows = table.rows[table.rows["scored"] == "label"]
    if rows.empty:
        return
    timesteps = sorted(rows["timestep"].unique())
    snrs = sorted(rows["receiver_snr_db"].unique())
    if len(snrs) > 1 or len(timesteps) == 1:
        for timestep in timesteps:
            yield f"accuracy-snr-t{timestep}", accuracy_figure(table, "receiver_snr_db", timestep)
    fading = scenario_of(table).legitimate.channel.fades
    if len(snrs) > 1 and fading and (outage(table)["node"] == "receiver").any():
        for timestep in timesteps:
            yield f"outage-t{timestep}", outage_figure(table, timestep)
    if len(timesteps) > 1:
        for snr_db in snrs:
            yield f"accuracy-t-{snr_db:g}dB", accuracy_figure(table, "timestep", snr_db)
        attacked = rows[rows["node"] == "adversary"]
        if len(attacked):
            yield "front", front_figure([table], max(snrs))
        for transmitter in attacked["transmitter"].unique():
            yield f"attacks-{transmitter}", attacks_figure(table, transmitter, max(snrs))
        if attacked["ssim"].notna().any():
            yield "quality", quality_figure(table, max(snrs))
        if len(snrs) > 1:
            for system in rows.loc[rows["transmitter"] != "", "system"].unique():
                yield f"channels-{system}", channel_figure(table, system)
    yield "schedule", schedule_figure(scenario_of(table).schedule.build())
    if len(table.examples.index):
        snr_db = table.examples.index["receiver_snr_db"].max()
        yield f"reconstructions-{snr_db:g}dB", reconstruction_figure(table, snr_db)


def save_figures(tables: Sequence[ResultTable], folder: Path, stem: str) -> list[Path]:
    """Draw every figure of a table as PNG and PDF.

    Of several tables only privacy against utility, if attacks were run, or accuracy against denoiser calls.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    folder : Path
    stem : str
        Start of the file names.

    Returns
    -------
    list of Path
        The files, PNG and PDF of each figure.

    Raises
    ------
    InputError
        If a table has no rows, or the folder cannot be written.
    """
    if any(table.rows.empty for table in tables):
        raise InputError(f"result table {stem}: has no finished point yet, nothing to draw")
    matplotlib.use("Agg")
    figures = _figures_of_variants(tables[0]) if len(tables) == 1 else [_figure_of_several(tables)]
    paths = []
    check_output_folder(folder, "figures in")
    try:
        for name, figure in figures:
            for suffix in ("png", "pdf"):
                path = folder / f"{stem}-{_file_name(name)}.{suffix}"
                check_output_file(path, "figure")
                content = io.BytesIO()
                figure.savefig(content, dpi=150, format=suffix)
                replace_file(path, content.getvalue())
                paths.append(path)
            plt.close(figure)
    except OSError as error:
        raise InputError(f"figures in {folder}: cannot be written ({error.strerror or error})") from error
    return paths


def _figures_of_variants(table: ResultTable) -> Iterator[tuple[str, Figure]]:
    """Figures of each variant of a sweep over more than t and SNR, told by the ends of their names."""
    for suffix, part in by_variant(table):
        for name, figure in figures_of(part):
            yield f"{name}-{suffix}" if suffix else name, figure


def _figure_of_several(tables: Sequence[ResultTable]) -> tuple[str, Figure]:
    if any((table.rows["node"] == "adversary").any() for table in tables):
        return "front", front_figure(tables, max(table.rows["receiver_snr_db"].max() for table in tables))
    return "accuracy-calls", calls_figure(tables)


def _file_name(name: str) -> str:
    """A name as part of a file's: ordinary ones as they are, what a path or a terminal minds as in a URL."""
    return "".join(
        letter if letter.isprintable() and letter not in "/\\%" else quote(letter, safe="") for letter in name
    )
