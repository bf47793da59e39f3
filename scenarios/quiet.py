"""Loading TensorFlow without the lines that its C++ side prints before Python can stop them."""

import os
import sys


def load_tensorflow() -> None:
    """Import TensorFlow and look for devices, with file descriptor 2 closed to native code meanwhile.

    Errors still surface as Python exceptions.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf

        tf.config.list_logical_devices()
        tf.get_logger().setLevel("ERROR")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
