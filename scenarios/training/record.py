"""The training record beside the weights: how each network was made."""

import functools
from pathlib import Path
from typing import Annotated, Any

import pydantic_core
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from diffsem.link import InputError

RECORD = "training.json"
# Bytes; those that ship take one million at most.
LARGEST = 50_000_000


def _name(text: str) -> str:
    """Of a stage or a network; a network's is that of its file, too."""
    if not text.isprintable() or set(text) & set("/\\") or text[:1] in ("", "."):
        raise ValueError("no name of a network or a stage")
    return text


Name = Annotated[str, AfterValidator(_name)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class _Part(BaseModel):
    # Later versions may say more, and earlier ones did.
    model_config = ConfigDict(extra="allow", strict=True)


class _HangsOn(_Part):
    scenario: dict[str, JsonValue]
    data_sha256: str
    networks: dict[Name, Digest | None]
    versions: dict[str, str]
    source: str | None = None


class _Scores(_Part):
    surrogate_images: Count | None = None


class _Entry(_Part):
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    seed: Count
    epochs: Count
    seconds_training: float
    scores: _Scores
    sha256: dict[Name, Digest]
    history: list[dict[str, JsonValue]]
    # Earlier versions did not keep it.
    hangs_on: _HangsOn | Annotated[dict[str, Any], Field(max_length=0)] = Field(
        default_factory=dict, union_mode="left_to_right"
    )


_RECORD = TypeAdapter(dict[Name, _Entry])


def read_record(folder: Path) -> dict[str, dict[str, Any]]:
    """The training record of a weights folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict
        Stage -> its entry, as it was written; empty if there is no record.

    Raises
    ------
    InputError
        If the record cannot be read, or is not as `diffsem train` writes it.
    """
    path = folder / RECORD
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"larger than {LARGEST / 1e6:g} MB")
        record = pydantic_core.from_json(path.read_bytes(), allow_inf_nan=False)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InputError(f"training record {path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(f"training record {path}: not valid JSON ({error}); restore it, or --fresh") from error
    try:
        _RECORD.validate_python(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # Without pydantic's own words for its classes and for keys.
        where = ".".join(str(part) for part in first["loc"] if part not in ("[key]", _HangsOn.__name__))
        what = first["msg"].removeprefix("Value error, ").partition(" or instance of")[0]
        raise InputError(
            f"training record {path}: not one that `diffsem train` wrote ({where or 'top level'}: {what}); restore it, "
            "or --fresh"
        ) from error
    return record


def read_hangs_on(path: Path) -> dict[str, Any]:
    """What a stage that was cut off hung on; empty if the file does not tell."""
    try:
        hangs_on = pydantic_core.from_json(path.read_bytes())
        _HangsOn.model_validate(hangs_on)
    except (OSError, ValueError):
        return {}
    return hangs_on


def recorded_sha256(folder: Path) -> dict[str, str]:
    """SHA-256 of each network's file by the training record of a folder. Raises InputError if it is broken."""
    try:
        return _recorded_sha256(folder, (folder / RECORD).stat().st_mtime_ns)
    except OSError:
        return {}


@functools.lru_cache(maxsize=8)
def _recorded_sha256(folder: Path, written: int) -> dict[str, str]:
    record = read_record(folder)
    return {name: digest for entry in record.values() for name, digest in entry["sha256"].items()}
