"""Tables for people: receiver against adversary, point by point; every attack; error rates; in several formats."""

from diffsem.scenarios.reporting.tables.data import attack_lines, leakage_lines, ordered, shown_lines
from diffsem.scenarios.reporting.tables.fields import Field, Part
from diffsem.scenarios.reporting.tables.formats import as_json, csv, latex, markdown
from diffsem.scenarios.reporting.tables.kinds import (
    attacks_table,
    bits_table,
    comparison_table,
    error_rate_table,
    leakage_table,
    shown_tables,
    terminal_table,
)
from diffsem.scenarios.reporting.tables.sheet import Sheet
from diffsem.scenarios.reporting.tables.spreads import spread_tables
from diffsem.scenarios.reporting.tables.street import LEVELS, map_table

__all__ = [
    "LEVELS",
    "Field",
    "Part",
    "Sheet",
    "as_json",
    "attack_lines",
    "attacks_table",
    "bits_table",
    "comparison_table",
    "csv",
    "error_rate_table",
    "latex",
    "leakage_lines",
    "leakage_table",
    "map_table",
    "markdown",
    "ordered",
    "shown_lines",
    "shown_tables",
    "spread_tables",
    "terminal_table",
]
