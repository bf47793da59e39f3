"""All figures that result tables have the data for, drawn and saved."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

import matplotlib
from matplotlib.figure import Figure

from diffsem.link import InputError, ResultTable, check_output_file, check_output_folder, escaped, replace_file
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look
from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.attacks import attacks_figure
from diffsem.scenarios.reporting.figures.calls import calls_figure
from diffsem.scenarios.reporting.figures.channel import channel_figure
from diffsem.scenarios.reporting.figures.error_rates import error_rate_figure
from diffsem.scenarios.reporting.figures.front import front_figure, table_names
from diffsem.scenarios.reporting.figures.outage import outage_figure
from diffsem.scenarios.reporting.figures.quality import quality_figure
from diffsem.scenarios.reporting.figures.reconstructions import reconstruction_figure
from diffsem.scenarios.reporting.figures.schedule import schedule_figure
from diffsem.scenarios.reporting.figures.street_map import street_map_figure
from diffsem.scenarios.reporting.statistics import leakage, outage
from diffsem.scenarios.reporting.street.maps import is_map
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.reporting.variants import by_variant

Draw = Callable[..., Figure]
# Without what hangs on the table behind them.
KINDS = (
    "accuracy-snr",
    "accuracy-t",
    "accuracy-calls",
    "front",
    "attacks",
    "quality",
    "schedule",
    "reconstructions",
    "channels",
    "outage",
    "error-rates",
    "map",
)
# The same for all variants of a sweep.
OF_ALL = ("schedule",)


def figures_of(
    table: ResultTable, only: Sequence[str] | None = None, look: Look = SCREEN
) -> Iterator[tuple[str, Figure]]:
    """Every figure that a table has the data for, with its name.

    Accuracy over SNR for each t, over t for each SNR (axes of more than one value; a single point counts as an SNR
    axis), the outage over SNR where the channel fades, privacy against utility at the highest SNR, each system over t
    with a colour an SNR, every attack on each transmitter and the quality of its images over t at the highest SNR, the
    schedule, and reconstructions at the highest SNR; bit and block error rates of digital links.

    Parameters
    ----------
    table : ResultTable
    only : sequence of str, optional
        Those whose names begin with one of these; default: all.
    look : Look

    Raises
    ------
    InputError
        If the table has none whose name begins so.
    """
    for name, draw in chosen(dict(_drawable(table)), only).items():
        yield name, draw(look=look)


def chosen(drawable: Mapping[str, Draw], only: Sequence[str] | None) -> dict[str, Draw]:
    """Those whose names begin with one of `only`. Raises InputError if there is none that begins so."""
    if only is None:
        return dict(drawable)
    for start in only:
        if not start or not any(name.startswith(start) for name in drawable):
            kinds = [kind for kind in KINDS if any(name.startswith(kind) for name in drawable)]
            raise InputError(f"--only {escaped(start)}: no such figure here; allowed: {', '.join(kinds) or 'none'}")
    return {name: draw for name, draw in drawable.items() if name.startswith(tuple(only))}


def _drawable(table: ResultTable) -> Iterator[tuple[str, Draw]]:
    """Names and what draws them, undrawn."""
    if (table.rows["bits"] > 0).any():
        yield "error-rates", partial(error_rate_figure, table, table.rows["timestep"].min())
    rows = table.rows[table.rows["scored"] == "label"]
    if rows.empty:
        return
    if is_map(rows):
        yield from _maps(table, rows)
        return
    timesteps = sorted(rows["timestep"].unique())
    snrs = sorted(rows["receiver_snr_db"].unique())
    if len(snrs) > 1 or len(timesteps) == 1:
        for timestep in timesteps:
            yield f"accuracy-snr-t{timestep}", partial(accuracy_figure, table, "receiver_snr_db", timestep)
    if len(snrs) > 1 and scenario_of(table).legitimate.channel.fades:
        blocks = outage(table)
        for timestep in sorted(blocks.loc[blocks["node"] == "receiver", "timestep"].unique()):
            yield f"outage-t{timestep}", partial(outage_figure, table, timestep)
    if len(timesteps) > 1:
        for snr_db in snrs:
            yield f"accuracy-t-{snr_db:g}dB", partial(accuracy_figure, table, "timestep", snr_db)
        yield from _over_timesteps(table, rows, snrs)
    yield "schedule", partial(schedule_figure, scenario_of(table).schedule.build())
    if len(table.examples.index):
        snr_db = table.examples.index["receiver_snr_db"].max()
        yield f"reconstructions-{snr_db:g}dB", partial(reconstruction_figure, table, snr_db, thinned=True)


def _maps(table: ResultTable, rows) -> Iterator[tuple[str, Draw]]:
    """A figure for each point of a table whose eavesdropper stands at several places."""
    for (timestep, snr_db), here in rows[rows["node"] == "adversary"].groupby(["timestep", "receiver_snr_db"]):
        at = f"t{timestep}-{snr_db:g}dB"
        yield f"map-{at}", partial(street_map_figure, table, timestep, snr_db)
        if here["leaked_bits"].notna().any():
            yield f"map-bits-{at}", partial(street_map_figure, table, timestep, snr_db, "leaked_bits")
    yield "schedule", partial(schedule_figure, scenario_of(table).schedule.build())


def _over_timesteps(table: ResultTable, rows, snrs: Sequence[float]) -> Iterator[tuple[str, Draw]]:
    """Of a table with several t."""
    highest = max(snrs)
    attacked = rows[(rows["node"] == "adversary") & (rows["receiver_snr_db"] == highest)]
    if leakage(rows[rows["receiver_snr_db"] == highest])["adversary"].notna().any():
        yield "front", partial(front_figure, [table], highest)
    for transmitter in attacked["transmitter"].unique():
        yield f"attacks-{transmitter}", partial(attacks_figure, table, transmitter, highest)
    if attacked["ssim"].notna().any():
        yield "quality", partial(quality_figure, table, highest)
    if len(snrs) > 1:
        for system in rows.loc[rows["transmitter"] != "", "system"].unique():
            yield f"channels-{system}", partial(channel_figure, table, system)


def save_figures(
    tables: Sequence[ResultTable],
    folder: Path,
    stem: str,
    names: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    look: Look = SCREEN,
) -> list[Path]:
    """Draw every figure of a table as PNG and PDF.

    Of a sweep over more than t and SNR those of each variant, told by the ends of their names: front-looks10. Of
    several tables only privacy against utility, if attacks were run, or accuracy against denoiser calls; each variant
    counts as a table, told by the end of its name.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    folder : Path
    stem : str
        Start of the file names.
    names : sequence of str, optional
        Of several tables, in the names of curves; default: their scenarios'.
    only : sequence of str, optional
        Figures whose names begin with one of these; default: all.
    look : Look
        Without titles, captions are saved beside the figures.

    Returns
    -------
    list of Path
        The files: PNG and PDF of each figure and, where it has no title, its caption as TXT.

    Raises
    ------
    InputError
        If a table has no rows, or none of those figures, or the folder cannot be written.
    """
    if any(table.rows.empty for table in tables):
        raise InputError(f"result table {stem}: has no finished point yet, nothing to draw")
    drawable = _of_variants(tables[0]) if len(tables) == 1 else _of_several(tables, names, bool(only))
    paths = []
    check_output_folder(folder, "figures in")
    look = look.for_a_file()
    try:
        for name, draw in chosen(drawable, only).items():
            start = folder / f"{stem}-{_file_name(name)}"
            for path, content in _files(draw(look=look), start, look):
                check_output_file(path, "figure")
                replace_file(path, content)
                paths.append(path)
    except OSError as error:
        raise InputError(f"figures in {folder}: cannot be written ({error.strerror or error})") from error
    return paths


def _of_variants(table: ResultTable) -> dict[str, Draw]:
    """Figures of each variant of a sweep over more than t and SNR, told by the ends of their names."""
    return {
        f"{name}-{suffix}" if suffix and name not in OF_ALL else name: draw
        for suffix, part in by_variant(table)
        for name, draw in _drawable(part)
    }


def _each_variant(
    tables: Sequence[ResultTable], names: Sequence[str] | None
) -> tuple[list[ResultTable], list[str] | None]:
    """Tables of one variant each, and their names, which end in what tells the variant."""
    each = [by_variant(table) for table in tables]
    if all(len(parts) == 1 for parts in each):
        return list(tables), None if names is None else list(names)
    called = [
        f"{name}-{suffix}" if suffix else name
        for name, parts in zip(names or table_names(tables), each, strict=True)
        for suffix, _ in parts
    ]
    return [part for parts in each for _, part in parts], called


def _files(figure: Figure, start: Path, look: Look) -> Iterator[tuple[Path, bytes]]:
    """A figure's files and what is in them."""
    for suffix in ("png", "pdf"):
        content = io.BytesIO()
        with matplotlib.rc_context(matplotlib.RcParams(look.settings)):
            figure.savefig(content, format=suffix)
        # One layout for both: finding it takes a quarter of the time.
        figure.set_layout_engine("none")
        yield start.with_name(f"{start.name}.{suffix}"), content.getvalue()
    if not look.titled:
        caption = str(figure.get_label()).replace(r"\$", "$")
        yield start.with_name(f"{start.name}.txt"), f"{caption}\n".encode()


def _of_several(tables: Sequence[ResultTable], names: Sequence[str] | None, asked: bool) -> dict[str, Draw]:
    """Where nobody asked for another, one figure: the front if there is one. Each variant counts as a table."""
    tables, names = _each_variant(tables, names)
    attacked = any((table.rows["node"] == "adversary").any() for table in tables)
    highest = max(table.rows["receiver_snr_db"].max() for table in tables)
    front: dict[str, Draw] = {"front": partial(front_figure, tables, highest, names)} if attacked else {}
    called = any((table.rows["denoiser_calls"] > 0).any() for table in tables)
    calls: dict[str, Draw] = {"accuracy-calls": partial(calls_figure, tables)} if called or not attacked else {}
    return front | calls if asked else front or calls


def _file_name(name: str) -> str:
    """A name as part of a file's: ordinary ones as they are, what a path or a terminal minds as in a URL."""
    return "".join(
        letter if letter.isprintable() and letter not in "/\\%" else quote(letter, safe="") for letter in name
    )
