"""HDF5 whose content lies in the file itself, and is no larger than it may be."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import h5py

# What the data sets of a file may take in memory, whatever its length, and how many times its length besides:
# compressed ones are larger than they look.
ROOM = 128 * 2**20
UNPACKED, MOST_UNPACKED = 64, 4 * 2**30
FILTERS = {
    h5py.h5z.FILTER_DEFLATE: "deflate",
    h5py.h5z.FILTER_SHUFFLE: "shuffle",
    h5py.h5z.FILTER_FLETCHER32: "fletcher32",
}


@contextmanager
def opened(content: bytes) -> Iterator[h5py.File]:
    """HDF5 from memory, for the time of the context.

    Raises
    ------
    ValueError
        What is wrong, as h5py says it or as those who read within say it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from diffsem.link import opened
    >>> with opened(Path("notebooks/mnist-awgn.h5").read_bytes()) as file:
    ...     print(file["results/correct"].shape)
    (630,)
    """
    try:
        with h5py.File.in_memory(content) as file:
            yield file
    except ValueError:
        raise
    # Damaged bytes make h5py raise nearly anything: OSError, KeyError, RuntimeError, TypeError, SystemError, ...
    except Exception as error:
        raise ValueError(f"not valid HDF5 ({' '.join(str(error).split())[:120]})") from error


class Content:
    """The bytes of a file, and how many more its data sets may yet take in memory.

    Examples
    --------
    A file of four bytes may take 128 MiB in memory, once.

    >>> from diffsem.link import Content
    >>> content = Content(b"four")
    >>> content.take(2**27, "/first")
    >>> try:
    ...     content.take(2**27, "/second")
    ... except ValueError as error:
    ...     print(error)
    /second claims more than this file may hold; allowed: 134,217,732 bytes in all
    """

    def __init__(self, content: bytes) -> None:
        self.bytes = content
        self._allowed = {False: ROOM + len(content), True: ROOM + min(UNPACKED * len(content), MOST_UNPACKED)}
        self._left = dict(self._allowed)

    def take(self, size: int, what: str, compressed: bool = False) -> None:
        """Raises ValueError if that is more than is left, of what is compressed or of what is not."""
        self._left[compressed] -= size
        if self._left[compressed] < 0:
            allowed = f"{self._allowed[compressed]:,} bytes in all"
            raise ValueError(f"{what} claims more than this file may hold; allowed: {allowed}")


def check_storage(dataset: h5py.Dataset, what: str, content: Content) -> None:
    """Raises ValueError if a data set would bring in more than it may, or from elsewhere."""
    creation = dataset.id.get_create_plist()
    layout = creation.get_layout()
    if layout not in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED) or creation.get_external_count():
        raise ValueError(f"{what} lies in other files; allowed: in the file itself")
    filters = [creation.get_filter(place)[0] for place in range(creation.get_nfilters())]
    unknown = sorted(set(filters) - set(FILTERS))
    if unknown:
        raise ValueError(f"{what} is packed by filter {unknown[0]}; allowed: {', '.join(FILTERS.values())}")
    size = math.prod(dataset.shape) * dataset.id.get_type().get_size()
    if layout != h5py.h5d.CHUNKED and size > len(content.bytes):
        raise ValueError(f"{what} claims {size:,} bytes; allowed: at most the {len(content.bytes):,} of the file")
    if layout == h5py.h5d.CHUNKED:
        # However small a data set is, HDF5 unpacks whole chunks.
        content.take(math.prod(dataset.chunks) * dataset.dtype.itemsize, what, bool(filters))
    content.take(size, what, bool(filters))


def check_plain(file: h5py.File, content: Content) -> None:
    """Make sure of a whole file that it holds groups and data sets of its own and nothing else.

    Raises
    ------
    ValueError
        One line: which link leads elsewhere, or which data set lies elsewhere, or claims more than it may.

    Examples
    --------
    >>> import io
    >>> import h5py
    >>> from diffsem.link import Content, check_plain
    >>> with h5py.File(io.BytesIO(), "w") as file:
    ...     file["secret"] = h5py.ExternalLink("other.h5", "/key")
    ...     try:
    ...         check_plain(file, Content(b""))
    ...     except ValueError as error:
    ...         print(error)
    /secret is a link to elsewhere; allowed: what lies in the file itself
    """

    links: dict[str, h5py.HardLink | h5py.SoftLink | h5py.ExternalLink] = {}
    file.visititems_links(links.__setitem__)
    for name, link in links.items():
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"/{name} is a link to elsewhere; allowed: what lies in the file itself")
        node = file[name]
        if isinstance(node, h5py.Dataset) and node.shape:
            check_storage(node, f"/{name}", content)
