"""Tables of several trainings: what each accuracy hangs on them, and which differences outlive them."""

from collections.abc import Sequence
from functools import partial

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.axes import NAMES
from diffsem.scenarios.reporting.spread import spread, spread_of_differences
from diffsem.scenarios.reporting.statistics import POINT
from diffsem.scenarios.reporting.tables import cells
from diffsem.scenarios.reporting.tables.fields import Field, Part
from diffsem.scenarios.reporting.tables.sheet import Sheet

TITLES = {"timestep": "t", "receiver_snr_db": "SNR dB"} | {axis: name.head for axis, name in NAMES.items()}


def spread_tables(tables: Sequence[ResultTable], title: str, systems: Sequence[str] = ()) -> list[Sheet]:
    """Accuracies over trainings, and the differences of receivers; raises InputError as `spread` does."""
    lines = spread(tables)
    if systems:
        lines = lines[lines["system"].isin(systems)]
    differences = spread_of_differences(tables, systems)
    accuracies = Sheet(
        title,
        "percent; deviation, lowest and highest between trainings; images: half a 95% interval over test images",
        lines,
        _keys(lines, "system", "node"),
        {
            "mean": Field(lambda line: cells.share_in_hundredths(line["mean"])),
            "deviation": Field(lambda line: cells.share_in_hundredths(line["deviation"])),
            "lowest": Field(lambda line: cells.share_in_hundredths(line["lowest"])),
            "highest": Field(lambda line: cells.share_in_hundredths(line["highest"])),
            "images": Field(lambda line: cells.share_in_hundredths(line["half_width"])),
        },
        (((Part("mean"), Part("deviation")), (Part("lowest"), Part("highest"))),),
        sections=POINT,
    )
    told = Sheet(
        "Receivers against each other, over trainings and test images",
        f"points, with 95% intervals over {len(tables)} trainings and the test images; lowest and highest training",
        differences,
        _keys(differences, "first", "second"),
        {
            "difference": Field(lambda line: cells.percent_between(line, "mean", "low", "high")),
            "lowest": Field(lambda line: f"{100 * line['lowest']:+.2f}"),
            "highest": Field(lambda line: f"{100 * line['highest']:+.2f}"),
            "of one sign": Field(lambda line: f"{line['same_sign']} of {len(tables)}"),
        },
        (((Part("difference"),), (Part("lowest"), Part("highest"))),),
        sections=POINT,
    )
    return [accuracies, told]


def _keys(lines, *names: str) -> dict[str, Field]:
    points = {TITLES[name]: Field(partial(cells.value, name=name)) for name in TITLES if name in lines}
    return points | {name: Field(partial(_name, column=name), is_name=True) for name in names}


def _name(line: dict, column: str) -> str:
    return cells.name(line[column])
