"""Where weights lie: those that ship and one's own, found without loading anything that computes with them."""

from pathlib import Path

from diffsem.link import InputError

PRETRAINED = Path(__file__).parents[1] / "weights"


def has_shipped_weights(dataset: str) -> bool:
    """Whether weights ship for a data set of that name."""
    return dataset in _shipped()


def pretrained_folder(dataset: str) -> Path:
    """The folder of the shipped weights of a data set. Raises InputError if none ship."""
    if not has_shipped_weights(dataset):
        raise InputError(
            f"weights pretrained: none ship for dataset {dataset}, only for {', '.join(_shipped())}; `diffsem train` "
            "makes some, and `weights:` names their folder"
        )
    return PRETRAINED / dataset


def _shipped() -> list[str]:
    return sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir())


def weights_file(folder: Path, name: str) -> Path:
    """The file of a network of that name, whether it is there or not."""
    return folder / f"{name}.weights.h5"
