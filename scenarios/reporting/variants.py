"""A table of a sweep over more than t and SNR, as tables of one variant each."""

from dataclasses import replace

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.axes import suffix_of, told, varying_axes
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.schema.scenario import AXIS_KEYS, with_single_values

# Of a variant's table: what its axes are at, in words. No file has it.
VARIANT = "variant"
# An axis that is drawn as a map, not as a variant a value.
PLACES = "place"


def by_variant(table: ResultTable) -> list[tuple[str, ResultTable]]:
    """A table for each combination of the axes that vary beyond t, SNR and places, with a suffix: "looks10".

    Parameters
    ----------
    table : ResultTable

    Returns
    -------
    list of (str, ResultTable)
        In ascending order; the scenario of each is that of its variant, and its attribute `VARIANT` names it. One of
        suffix "", the table, if none varies.

    Raises
    ------
    InputError
        If what the table says of its scenario is none.
    """
    varying = [axis for axis in varying_axes(table.rows) if axis != PLACES]
    if not varying:
        return [("", table)]
    combinations = table.rows[varying].drop_duplicates().sort_values(varying)
    each = [dict(zip(varying, map(int, values), strict=True)) for values in combinations.to_numpy()]
    return [(suffix_of(values), _part(table, values)) for values in each]


def _part(table: ResultTable, values: dict[str, int]) -> ResultTable:
    names = list(values)
    wanted = list(values.values())
    rows = (table.rows[names] == wanted).all(axis=1).to_numpy()
    index = table.examples.index
    shown = (index[names] == wanted).all(axis=1).to_numpy()
    examples = replace(
        table.examples,
        index=index[shown].reset_index(drop=True),
        reconstructions=table.examples.reconstructions[shown],
    )
    own = table.rows[rows].reset_index(drop=True)
    scenario = scenario_of(table)
    single = {key: int(own[column].iloc[0]) for key, column in AXIS_KEYS.items() if key in scenario.axes}
    words = with_single_values(scenario, single).to_yaml() if single else table.attributes["scenario"]
    return replace(
        table.of_rows(rows, own),
        attributes={**table.attributes, "scenario": words, VARIANT: told(values)},
        examples=examples,
    )
