"""Loading TensorFlow before what would load it unasked."""

import importlib


def load_tensorflow() -> None:
    """Import TensorFlow; `diffsem.quiet_tensorflow` sees to it that this prints nothing and looks for devices."""
    importlib.import_module("tensorflow")
