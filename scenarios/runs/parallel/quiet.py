"""Loading TensorFlow as a simulator needs it, and without the lines that its C++ side prints on its own."""

import os
import sys


def load_tensorflow() -> None:
    """Import TensorFlow and look for devices, with file descriptor 2 closed to native code meanwhile.

    GPU memory is taken as it is needed, so that several processes share a GPU. Errors still surface as Python
    exceptions. Nothing happens if TensorFlow is imported already.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.list_logical_devices()
        tf.get_logger().setLevel("ERROR")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
