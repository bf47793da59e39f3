"""What is seen of attacks' images: SSIM and PSNR beside the accuracy, and what either judge reads."""

from collections.abc import Mapping
from typing import Any

from diffsem.link import share_interval
from rendering.comparisons import Column
from rendering.measures import Accuracy, number


def quality(cell: Accuracy, measure: str, digits: int) -> str:
    """A measure of an attack's images: ssim, or psnr_db in dB."""
    return number(cell.row[measure], digits)


def qualities(columns: Mapping[str, Column], measure: str, digits: int, accurate: bool = True) -> dict[str, dict]:
    """Columns of "54.3 / 0.33": accuracy and measure; without `accurate` the measure alone."""
    return {
        name: {
            value: f"{cell.short} / {quality(cell, measure, digits)}" if accurate else quality(cell, measure, digits)
            for value, cell in column.items()
        }
        for name, column in columns.items()
    }


def by_clean_judge(cell: Accuracy) -> Accuracy:
    """The same images by the judge that was trained on clean images alone."""
    low, high = share_interval(cell.row["clean_judge_accuracy"], cell.effective)
    correct = int(cell.row["clean_judge_correct"])
    value = 100 * cell.row["clean_judge_accuracy"]
    return Accuracy(value, 100 * low, 100 * high, correct, cell.total, cell.effective, cell.row)


def both_judges(columns: Mapping[str, Column]) -> dict[str, dict[Any, str]]:
    """Columns of "54.3 / 13.5": the judge that knows attacks' images, the judge of clean images."""
    return {
        name: {value: f"{cell.short} / {cell.clean}" for value, cell in column.items()}
        for name, column in columns.items()
    }


FUNCTIONS = (quality, qualities, by_clean_judge, both_judges)
