"""TensorFlow as a simulator needs it, whoever imports it first: quiet, reproducible, sparing with GPU memory."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def keep_quiet() -> None:
    """Let the next import of TensorFlow use oneDNN and look for devices, with file descriptor 2 closed to native code.

    Its C++ side prints lines of its own there, whatever its environment variables say. GPU memory is taken as it is
    needed, so that several processes share a GPU. Errors still surface as Python exceptions. Nothing happens if
    TensorFlow is imported already.
    """
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds TensorFlow where others do, once."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow":
            return None
        # Nobody needs it who imports no TensorFlow.
        import importlib.util

        sys.meta_path.remove(self)
        spec: Any = importlib.util.find_spec(fullname)
        if spec is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    """A module's own loader, but for what native code prints."""

    def __init__(self, loader: Any):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # oneDNN is on by itself on some processors only. Without it the number of threads decides the last digits of a
        # matrix product, workers' tables differ from a single process's, and training is slower.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        with _closed_to_native_code(), _nothing_collected():
            self._loader.exec_module(module)
            for gpu in module.config.list_physical_devices("GPU"):
                module.config.experimental.set_memory_growth(gpu, True)
            module.config.list_logical_devices()
        module.get_logger().setLevel("ERROR")

    def __getattr__(self, name):
        # Resources of the package, such as its data files, are asked of the loader.
        return getattr(self._loader, name)


@contextmanager
def _closed_to_native_code() -> Iterator[None]:
    if sys.stderr is not None:
        sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Modules make half a million objects that stay: a third of the import's time went into looking for garbage."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
