"""What tells two loads of a data set apart. Nothing heavy here: another process starts with it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffsem.scenarios.datasets import resolve_dataset


def digest_of(words: str | Mapping[str, Any], data_dir: Path | None = None) -> str:
    """SHA-256 over all images and labels of a data set."""
    source, _, _ = resolve_dataset(words)
    digest = hashlib.sha256()
    for part in source.load(data_dir):
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    return digest.hexdigest()
