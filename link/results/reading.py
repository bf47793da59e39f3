"""The rows of a result file: all of them, or those columns and rows that are asked for."""

import ast
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.escaping import escaped
from diffsem.link.results.columns import COLUMNS
from diffsem.link.results.journal import journal_of
from diffsem.link.results.plain_hdf5 import Content, opened
from diffsem.link.results.result_file import has_checksum, read_whole
from diffsem.link.results.table_file import head_in, read_table, rows_in, told


def read_results(path: str | Path, columns: Sequence[str] | None = None, where: str | None = None) -> pd.DataFrame:
    """Read the rows of a result file, one a point and a node.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        Those that are wanted, in this order; others are not unpacked. Default: all.
    where : str, optional
        Which rows are wanted: a condition on columns, as `pandas.DataFrame.query` takes it. Default: all.

    Returns
    -------
    pandas.DataFrame
        The columns of `RESULT_COLUMNS`, those of `ADDED` filled in if an older file lacks them; the file's attributes
        in `DataFrame.attrs`. Points that a run has finished since it wrote the file are among them.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not a result table; if there is no such column; or `where` is no condition.

    Examples
    --------
    In the root of the repository, where tables lie in ``notebooks/``:

    >>> import diffsem
    >>> rows = diffsem.read_results(
    ...     "notebooks/mnist-awgn.h5",
    ...     columns=["system", "correct", "total"],
    ...     where="node == 'receiver' and timestep == 240 and receiver_snr_db == 15",
    ... )
    >>> print(rows.to_string(index=False))
              system  correct  total
          classifier      630   1024
         noise-aware      838   1024
    noise-aware-pair      900   1024
            one-step      864   1024
             diffsem      857   1024
           e-diffsem      850   1024
    """
    path = Path(path)
    wanted = list(COLUMNS) if columns is None else list(columns)
    _check_columns(wanted)
    rows = read_table(path).rows_with_attributes() if columns is None else _some(path, wanted, where)
    chosen = (rows if where is None else _rows_where(rows, where))[wanted]
    return chosen if where is None else chosen.reset_index(drop=True)


def _some(path: Path, wanted: Iterable[str], where: str | None) -> pd.DataFrame:
    """The columns that are wanted and those that a condition is about; of a file with a journal, all."""
    asked = {*wanted, *(_names_in(where) if where is not None else ())}
    content = read_whole(path)
    if not has_checksum(content) or journal_of(path).exists():
        return read_table(path).rows_with_attributes()
    with told(path, content), opened(content) as file:
        attributes, complete = head_in(file)
        rows = rows_in(file, Content(content), attributes, asked)
    rows.attrs.update(attributes, complete=complete)
    return rows


def _names_in(where: str) -> set[str]:
    """What a condition is about. Raises InputError unless it is one of Python's syntax."""
    try:
        return {node.id for node in ast.walk(ast.parse(where, mode="eval")) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _no_condition(where, error) from error


def _rows_where(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    _check_columns(sorted(_names_in(where)))
    try:
        chosen = rows.eval(where)
        if not (isinstance(chosen, pd.Series) and chosen.dtype == bool):
            raise TypeError("neither true nor false")
        return rows[chosen]
    except Exception as error:
        raise _no_condition(where, error) from error


def _no_condition(where: str, error: BaseException) -> InputError:
    return InputError(
        f"where {escaped(where)}: no condition on rows ({' '.join(str(error).split())[:120]}); "
        "allowed: one that pandas.DataFrame.query takes, as node == 'receiver' and snr_db >= 10"
    )


def _check_columns(names: Sequence[str]) -> None:
    """Raises InputError if there is no such column."""
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(str(name), COLUMNS, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise InputError(f"column {escaped(str(name))}: not known; {meant}allowed: {', '.join(COLUMNS)}")
