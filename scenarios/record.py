"""The training record beside the weights: how each network was made."""

import json
from pathlib import Path

from diffsem.link.errors import InputError

RECORD = "training.json"


def read_record(folder: Path) -> dict:
    """The training record of a weights folder; empty if there is none. Raises InputError if it is broken."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise InputError(f"training record {path}: not valid JSON ({error}); restore it, or --fresh") from error
    if not isinstance(record, dict) or not all(
        isinstance(entry, dict) and "seed" in entry for entry in record.values()
    ):
        raise InputError(f"training record {path}: not one that `diffsem train` wrote; restore it, or --fresh")
    return record
