"""What the rows of a result table have to satisfy, whoever wrote it."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError
from pydantic import JsonValue, TypeAdapter

from diffsem.link.hits import even_draws
from diffsem.link.results.columns import AXES, CAPACITIES

# Float arithmetic of other versions may round otherwise.
ROUNDING = 1e-9
# Whole numbers up to here are exact as floats.
LARGEST_COUNT = 2**53
LONGEST_NAME = 500
LONGEST_TEXT = 10_000
LAST_STEP = 500
MOST_CLASSES = 100_000
JSON: dict[str, TypeAdapter] = {
    "versions": TypeAdapter(dict[str, str]),
    "mixed_versions": TypeAdapter(list[dict[str, str]]),
    "environment": TypeAdapter(dict[str, JsonValue]),
    "pretrained_networks": TypeAdapter(list[str]),
    "traces_sha256": TypeAdapter(dict[str, str]),
    "street": TypeAdapter(dict[str, JsonValue]),
}
NAMES = ("system", "attack", "transmitter", "channel")
TEXTS = ("surrogate", "threat", "warning", "stop_reason", "csi", "equalizer")
COUNTS = (
    "correct",
    "total",
    "images",
    "worst_class_correct",
    "worst_class_total",
    "channel_uses",
    "training_images",
    "training_epochs",
    "transmit_antennas",
    "receive_antennas",
    "receiver_antennas",
    "eavesdropper_antennas",
    "eavesdropper_looks",
    "denoising_steps",
    "bits",
    "bit_errors",
    "squared_bit_errors",
    "blocks",
    "block_errors",
)
UNKNOWN_AS_MINUS_ONE = ("both_correct", "correct_even", "both_correct_even", "worst_class", "seed", "place")
# Each at most the other, in every row.
PARTS = (
    ("correct", "total"),
    ("images", "total"),
    ("effective_images", "total"),
    ("both_correct", "correct"),
    ("correct_even", "correct"),
    ("both_correct_even", "both_correct"),
    ("worst_class_correct", "worst_class_total"),
    ("worst_class_total", "total"),
    ("bit_errors", "bits"),
    ("block_errors", "blocks"),
)
# A share, its counts, and the ends of its interval; NaN where nothing was counted.
SHARES = (
    ("accuracy", "correct", "total", ("ci_low", "ci_high")),
    ("worst_class_accuracy", "worst_class_correct", "worst_class_total", ()),
    ("clean_judge_accuracy", "clean_judge_correct", "total", ()),
    ("ber", "bit_errors", "bits", ("ber_low", "ber_high")),
    ("bler", "block_errors", "blocks", ("bler_low", "bler_high")),
)


def _between(low: float, high: float) -> pa.Check:
    return pa.Check(
        lambda values: (values >= low - ROUNDING) & (values <= high + ROUNDING),
        n_failure_cases=1,
        error=f"{low:g} to {high:g}",
    )


def _text(longest: int, *names: str) -> pa.Column:
    """Of texts; most of them are alike, and each is looked at once."""

    def holds(texts: pd.Series) -> pd.Series:
        codes, distinct = pd.factorize(texts)
        fine = [len(text) <= longest and (not names or text in names) for text in distinct]
        # The code of what is missing is -1.
        return pd.Series(np.array([*fine, False])[codes], texts.index)

    allowed = " or ".join(names) or f"at most {longest:,} characters"
    return pa.Column(checks=pa.Check(holds, n_failure_cases=1, error=allowed, ignore_na=False), nullable=True)


def _at_most(part: str, whole: str) -> pa.Check:
    return _frame_check(lambda frame: frame[part] <= frame[whole], f"{part} {whole}", f"{part} at most {whole}")


def _share(name: str, part: str, whole: str) -> pa.Check:
    def holds(frame: pd.DataFrame) -> pd.Series:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (frame[part] / frame[whole]).to_numpy(float)
        return pd.Series(np.isclose(frame[name], share, rtol=0, atol=ROUNDING, equal_nan=True), frame.index)

    return _frame_check(holds, f"{name} {part} {whole}", f"{name} as {part} over {whole}, NaN over 0")


def _in_order(low: str, middle: str, high: str) -> pa.Check:
    def holds(frame: pd.DataFrame) -> pd.Series:
        rising = (frame[low] <= frame[middle] + ROUNDING) & (frame[middle] <= frame[high] + ROUNDING)
        within = (frame[low] >= 0) & (frame[high] <= 1)
        return (rising & within) | frame[[low, middle, high]].isna().all(axis=1)

    return _frame_check(holds, f"{low} {middle} {high}", f"0 <= {low} <= {middle} <= {high} <= 1")


def _bits_in_order(name: str) -> pa.Check:
    ends = f"{name}_low", name, f"{name}_high"

    def holds(frame: pd.DataFrame) -> pd.Series:
        low, value, high = (frame[end] for end in ends)
        return ((low <= value + ROUNDING) & (value <= high + ROUNDING)) | (low.isna() & value.isna() & high.isna())

    return _frame_check(holds, " ".join(ends), " <= ".join(ends))


def _within_capacity(frame: pd.DataFrame) -> pd.Series:
    """What is surely known is not more than the channel lets through; both are rounded to four digits."""
    return ~(frame["leaked_bits_low"] > frame["capacity"] + 1e-4)


def _halves(part: str, whole: str) -> pa.Check:
    """Of a count, what falls on every other image from the first, unless it is unknown: -1."""

    def holds(frame: pd.DataFrame) -> pd.Series:
        even, rest = frame[part], frame[whole] - frame[part]
        draws = even_draws(frame["total"], frame["images"])
        return (even == -1) | ((even >= 0) & (even <= draws) & (rest >= 0) & (rest <= frame["total"] - draws))

    columns = f"{part} {whole} total images"
    return _frame_check(holds, columns, f"{part} and the rest of {whole} at most the draws of their halves")


def _frame_check(holds: Callable[[pd.DataFrame], pd.Series], columns: str, allowed: str) -> pa.Check:
    """A check of several columns; it is named after them, since pandera tells no more of it."""
    # Or pandera would leave out every row with a NaN in any column.
    return pa.Check(holds, name=columns, error=allowed, ignore_na=False, n_failure_cases=1)


SHARE = _between(0, 1)
LEVEL = _between(-1e6, 1e6)
BITS = _between(-math.inf, math.log2(MOST_CLASSES))
LEAKED = ("leaked_bits", "leaked_bits_low", "leaked_bits_high")
CAPACITY = _between(0, LARGEST_COUNT)
ROWS = pa.DataFrameSchema(
    {
        **{name: _text(LONGEST_NAME) for name in NAMES},
        **{name: _text(LONGEST_TEXT) for name in TEXTS},
        **{name: pa.Column(checks=_between(0, LARGEST_COUNT)) for name in (*COUNTS, "denoiser_calls")},
        **{name: pa.Column(checks=_between(1, LARGEST_COUNT)) for name in ("total", "images", "looks")},
        **{name: pa.Column(checks=_between(-1, LARGEST_COUNT)) for name in UNKNOWN_AS_MINUS_ONE},
        **{name: pa.Column(checks=_between(0, LAST_STEP)) for name in ("timestep", "noise_step")},
        **{name: pa.Column(checks=LEVEL) for name in ("snr_db", "receiver_snr_db")},
        **{name: pa.Column(checks=SHARE) for name in ("accuracy", "ci_low", "ci_high")},
        **{name: pa.Column(checks=SHARE, nullable=True) for name in ("signal_power", "ceiling", "largest_class")},
        **{name: pa.Column(checks=BITS, nullable=True) for name in LEAKED},
        **{name: pa.Column(checks=CAPACITY, nullable=True) for name in ("label_entropy", *CAPACITIES[:2])},
        **{name: pa.Column(checks=LEVEL, nullable=True) for name in ("x_m", "y_m", "path_gain_db")},
        "line_of_sight": pa.Column(checks=_between(-1, 1)),
        "node": _text(LONGEST_NAME, "receiver", "adversary"),
        "scored": _text(LONGEST_NAME, "label", "block"),
        "esnr_db": pa.Column(),
        "matched_step": pa.Column(checks=_between(0, LAST_STEP), nullable=True),
        "effective_images": pa.Column(checks=_between(1e-6, LARGEST_COUNT)),
        "clean_judge_correct": pa.Column(checks=_between(0, LARGEST_COUNT), nullable=True),
        # Of images in single precision.
        "ssim": pa.Column(checks=_between(-1.001, 1.001), nullable=True),
    },
    checks=[
        *(_at_most(part, whole) for part, whole in PARTS),
        *(_bits_in_order(name) for name in ("leaked_bits", "secrecy_capacity")),
        _frame_check(_within_capacity, "leaked_bits_low capacity", "leaked_bits_low at most capacity"),
        *(_halves(f"{name}_even", name) for name in ("correct", "both_correct")),
        *(_share(name, part, whole) for name, part, whole, _ in SHARES),
        *(_in_order(ends[0], name, ends[1]) for name, _, _, ends in SHARES if ends),
    ],
)
EXAMPLES = pa.DataFrameSchema(
    {
        **{name: _text(LONGEST_NAME) for name in ("transmitter", "attack")},
        "timestep": pa.Column(checks=_between(0, LAST_STEP)),
        **{name: pa.Column(checks=LEVEL) for name in ("receiver_snr_db", "snr_db")},
        **{name: pa.Column(checks=_between(-1 if name in UNKNOWN_AS_MINUS_ONE else 0, LARGEST_COUNT)) for name in AXES},
    }
)


def check_rows(rows: pd.DataFrame) -> None:
    """Check the rows of a result table: of all or some of the columns that `diffsem.link.results.COLUMNS` lists.

    Raises
    ------
    ValueError
        One line: the column, the row, the value, and what is allowed.
    """
    _check(rows, _restricted(ROWS, rows.columns))


def _restricted(schema: pa.DataFrameSchema, columns: Iterable[str]) -> pa.DataFrameSchema:
    """What a schema asks for of some columns alone."""
    there = set(columns)
    return pa.DataFrameSchema(
        {name: column for name, column in schema.columns.items() if name in there},
        checks=[check for check in schema.checks if set(check.name.split()) <= there],
    )


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Check the attributes whose texts are JSON, and the number of classes. Raises ValueError, one line."""
    for name, adapter in JSON.items():
        if name in attributes:
            try:
                adapter.validate_json(str(attributes[name]))
            except ValueError:
                raise ValueError(f"attribute {name} is not the JSON that `diffsem run` writes") from None
    seconds = attributes.get("wall_seconds", 0.0)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"attribute wall_seconds is {seconds}; allowed: a finite number, 0 or more")
    classes = attributes.get("classes", 1)
    if not 1 <= classes <= MOST_CLASSES:
        raise ValueError(f"attribute classes is {classes}; allowed: 1 to {MOST_CLASSES}")


def check_examples(index: pd.DataFrame) -> None:
    """The same for the index of the examples."""
    _check(index, EXAMPLES)


def _check(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    try:
        schema.validate(frame, inplace=True)
    except SchemaError as error:
        raise ValueError(_line(frame, error)) from None


def _line(frame: pd.DataFrame, error: SchemaError) -> str:
    allowed = getattr(error.check, "error", None) or "a number, not NaN"
    row = int(error.failure_cases["index"].iloc[0])
    columns = [error.schema.name] if error.schema.name else error.check.name.split()
    said = ", ".join(f"{column} {frame[column].iloc[row]}" for column in columns)
    return f"row {row}: {said[:200]}; allowed: {allowed}"
