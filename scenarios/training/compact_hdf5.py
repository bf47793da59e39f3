"""Files of weights in a compact HDF5 format: equal weights make equal files."""

import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np

from diffsem.link import replace_file


def rewrite(source: Path, path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Copy a file of weights into the compact format, each of its arrays changed.

    Parameters
    ----------
    source : Path
        As `keras.Model.save_weights` or this function wrote it.
    path : Path
        Is written whole or not at all; its folder is made.
    change : callable
        Array -> array.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before is whole.
    """
    with TemporaryDirectory() as apart:
        small = Path(apart) / "small.h5"
        with h5py.File(source) as file, _compact_file(small) as target:
            _copy(file, target, change)
        content = small.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def _compact_file(path: Path) -> h5py.File:
    """A new file in the compact format of HDF5 1.10, without times: equal weights make equal files."""
    access, creation = h5py.h5p.create(h5py.h5p.FILE_ACCESS), h5py.h5p.create(h5py.h5p.FILE_CREATE)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    creation.set_obj_track_times(False)
    return h5py.File(h5py.h5f.create(str(path).encode(), fcpl=creation, fapl=access))


def _make_group(file: h5py.File, path: str) -> None:
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    h5py.h5g.create(file.id, path.encode(), gcpl=creation)


def _copy(source: h5py.File, target: h5py.File, change: Callable[[np.ndarray], np.ndarray]) -> None:
    def copy(path, node):
        # Keras saves the optimiser of a compiled network with it: twice the weights again, of no use to a sweep.
        if "optimizer" in path.split("/"):
            return
        if isinstance(node, h5py.Dataset):
            write_deflated(target, path, change(node[()]))
        else:
            _make_group(target, path)
        target[path].attrs.update(node.attrs)

    target.attrs.update(source.attrs)
    source.visititems(copy)


def write_deflated(target: h5py.File, path: str, values: np.ndarray) -> None:
    """In the form of HDF5's own shuffle and gzip, which read it back, but a sixth smaller.

    A weight on a grid says nothing about the next: looking for long matches, as HDF5 has zlib do, costs more than it
    brings.
    """
    if not values.shape:
        target.create_dataset(path, data=values)
        return
    dataset = target.create_dataset(
        path, values.shape, values.dtype, chunks=values.shape, shuffle=True, compression="gzip", compression_opts=9
    )
    shuffled = np.frombuffer(values.tobytes(), np.uint8).reshape(-1, values.itemsize).T.tobytes()
    streams = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE):
        deflate = zlib.compressobj(9, strategy=strategy)
        streams.append(deflate.compress(shuffled) + deflate.flush())
    dataset.id.write_direct_chunk((0,) * values.ndim, min(streams, key=len))
