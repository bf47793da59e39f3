"""Weights of networks on disk: written, read, and packed as they ship."""

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import keras
import numpy as np

from diffsem.link import Content, InputError, check_plain, opened, replace_file
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec, Storage
from diffsem.scenarios.training.compact_hdf5 import rewrite
from diffsem.scenarios.training.places import PRETRAINED, has_shipped_weights, pretrained_folder, weights_file
from diffsem.scenarios.training.record import recorded_sha256

__all__ = [
    "PRETRAINED",
    "existing_weights_file",
    "has_shipped_weights",
    "load_network",
    "pack_network",
    "precision",
    "pretrained_folder",
    "save_network",
    "weights_digest",
    "weights_file",
]


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Networks built meanwhile compute by this Keras dtype policy; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def existing_weights_file(folder: Path, name: str) -> Path:
    """The file of a network's weights. Raises InputError if there is none."""
    path = weights_file(folder, name)
    if not os.path.isfile(path):
        raise InputError(
            f"weights {path}: no such file; `diffsem train SCENARIO` makes it, --distill for one-call students of "
            "denoisers, `--start pretrained` from the shipped ones, and `weights:` names its folder"
        )
    return path


def weights_digest(folder: Path, name: str) -> str:
    """SHA-256 of a network's file. Raises InputError if there is none, or it is not the one of the training record."""
    path = existing_weights_file(folder, name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if recorded_sha256(folder).get(name, digest) != digest:
        raise InputError(
            f"weights {path}: not the file of the training record beside it (SHA-256); restore it, or train it anew"
        )
    return digest


def save_network(network: keras.Model, folder: Path, name: str) -> None:
    """Write a network's weights as they are, whole or not at all. Raises OSError if they cannot be written."""
    with TemporaryDirectory() as apart:
        exact = Path(apart) / f"{name}.weights.h5"
        network.save_weights(exact)
        rewrite(exact, weights_file(folder, name), lambda values: values)


def load_network(
    network: NetworkSpec, dimensions: Dimensions, folder: Path, execution_precision: str = "float32"
) -> keras.Model:
    """Build a network and load its weights.

    Parameters
    ----------
    network : NetworkSpec
        Of one without weights nothing is loaded.
    dimensions : Dimensions
    folder : Path
        That its file lies in.
    execution_precision : str
        Keras dtype policy of networks whose precision is "execution".

    Returns
    -------
    keras.Model
        Frozen.

    Raises
    ------
    InputError
        If the file is missing, broken, of another network, or not the one of the folder's training record.
    """
    if not network.trained:
        return network.build(dimensions)
    path = existing_weights_file(folder, network.name)
    weights_digest(folder, network.name)
    _check_weights(path)
    with precision(execution_precision if network.precision == "execution" else "float32"):
        built = network.build(dimensions)
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers that the file lacks and leaves them untrained.
            warnings.simplefilter("error", UserWarning)
            built.load_weights(path)
    except Exception as error:  # of a damaged file, Keras and h5py may raise anything
        raise InputError(
            f"weights {path}: do not fit the network {network.name} of this scenario; allowed: a file that "
            f"`diffsem train` wrote for it ({' '.join(str(error).split())[:120]})"
        ) from error
    built.trainable = False
    return built


def pack_network(name: str, storage: Storage, source: Path, folder: Path) -> None:
    """Write a network's weights into a folder in float16, large kernels on a grid that compresses well.

    A file that has been packed before is copied.

    Parameters
    ----------
    name : str
        Of the network.
    storage : Storage
        From which size on its kernels are put on a grid, and how coarse it is.
    source, folder : Path
        Folders of weights; they may be the same.

    Raises
    ------
    InputError
        If there is no such network in `source`.
    OSError
        If the file cannot be written; what was there before is whole.
    """
    path = existing_weights_file(source, name)
    _check_weights(path)

    def rounded(values: np.ndarray) -> np.ndarray:
        # Seed states are integers.
        if values.dtype != np.float32:
            return values
        return (_on_grid(values, storage.share) if values.size >= storage.large else values).astype(np.float16)

    packed = weights_file(folder, name)
    if _is_packed(path):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(packed, path.read_bytes())
    else:
        rewrite(path, packed, rounded)


def _check_weights(path: Path) -> None:
    """Make sure that a file of weights leads to no other file. Raises InputError."""
    try:
        content = path.read_bytes()
        with opened(content) as file:
            check_plain(file, Content(content))
    except (OSError, ValueError) as error:
        raise InputError(f"weights {path}: {error}; restore them, or train them anew") from error


def _is_packed(path: Path) -> bool:
    """Whether a file holds no weight in full precision."""
    kinds: set[str] = set()
    with h5py.File(path) as file:
        file.visititems(lambda name, node: kinds.add(node.dtype.name) if isinstance(node, h5py.Dataset) else None)
    return "float32" not in kinds


def _on_grid(values: np.ndarray, share: float) -> np.ndarray:
    """A kernel on an even grid around 0; its step, a power of two, leaves few bits of a float16 to be stored."""
    deviation = values.std()
    if deviation == 0:
        return values
    step = 2.0 ** np.round(np.log2(share * deviation))
    return np.round(values / step) * step
