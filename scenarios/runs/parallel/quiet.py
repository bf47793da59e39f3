"""A process of our own: TensorFlow is loaded before what would load it unasked, garbage is seldom looked for."""

import gc
import importlib


def collect_seldom() -> None:
    """Let Python look for cyclic garbage less often: the thousands of objects that a trace makes stay."""
    gc.set_threshold(50_000, 20, 20)


def load_tensorflow() -> None:
    """Import TensorFlow; `diffsem.quiet_tensorflow` sees to it that this prints nothing and looks for devices."""
    importlib.import_module("tensorflow")
