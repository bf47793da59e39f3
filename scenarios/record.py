"""The training record beside the weights: how each network was made."""

import functools
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


def recorded_sha256(folder: Path) -> dict[str, str]:
    """SHA-256 of each network's file by the training record of a folder. Raises InputError if it is broken."""
    try:
        return _recorded_sha256(folder, (folder / RECORD).stat().st_mtime_ns)
    except OSError:
        return {}


@functools.lru_cache(maxsize=8)
def _recorded_sha256(folder: Path, written: int) -> dict[str, str]:
    record = read_record(folder)
    return {name: digest for entry in record.values() for name, digest in entry.get("sha256", {}).items()}
