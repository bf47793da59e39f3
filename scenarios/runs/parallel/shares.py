"""A worker process's share of this machine: its part of the cores, and one GPU.

It is told by the environment, which holds whoever loads TensorFlow first: a new process imports the script that
started it, and that script may import TensorFlow, before it runs anything of ours.
"""

import glob
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from diffsem.link import InputError
from diffsem.scenarios.runs.cost.machine import usable_cores
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
GPUS = "CUDA_VISIBLE_DEVICES"

_one_at_a_time = threading.Lock()


def share_of(place: int, workers: int) -> dict[str, str]:
    """The environment variables of one worker.

    Parameters
    ----------
    place : int
        Which worker, from 0.
    workers : int
        How many there are. The cores are shared out, one more each to the first where they do not come out even; the
        i-th worker has the i-th of the GPUs that TensorFlow may use in this process, round and round, and none if it
        may use none of them.
    """
    each, left = divmod(usable_cores(), workers)
    share = dict.fromkeys(THREADS, str(max(1, each + (place < left))))
    found = gpus()
    if not found:
        return share
    import tensorflow as tf

    names = os.environ.get(GPUS, ",".join(map(str, range(len(found))))).split(",")
    allowed = tf.config.get_visible_devices("GPU")
    own = [name for name, gpu in zip(names, found, strict=False) if gpu in allowed] or ["-1"]
    # Several workers may share a GPU, as far as none of them takes all of its memory.
    return {**share, GPUS: own[place % len(own)], "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def gpus() -> list:
    """The GPUs that TensorFlow finds; it is not loaded, which takes long, on a Linux without any driver's device."""
    if sys.platform == "linux" and "tensorflow" not in sys.modules:
        if not any(glob.glob(devices) for devices in ("/dev/nvidia*", "/dev/dxg", "/dev/kfd")):
            return []
    load_tensorflow()
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


@contextmanager
def environment(share: Mapping[str, str]) -> Iterator[None]:
    """Let processes that are started meanwhile have these environment variables."""
    with _one_at_a_time:
        before = {key: os.environ.get(key) for key in share}
        os.environ.update(share)
        try:
            yield
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


def take_share(share: Mapping[str, str]) -> None:
    """Load TensorFlow in a worker that was started with its share in the environment, and see that it keeps to it.

    Raises
    ------
    InputError
        If the script that started the worker has set TensorFlow up otherwise, and it runs already.
    """
    changed = [key for key, value in share.items() if os.environ.get(key) != value]
    os.environ.update(share)
    load_tensorflow()
    import tensorflow as tf

    threads, config = int(share[THREADS[0]]), tf.config.threading
    set_up = [f"environment variable {key}" for key in changed]
    if config.get_intra_op_parallelism_threads() not in (0, threads):
        set_up.append(f"{config.get_intra_op_parallelism_threads()} intra-op threads")
    if config.get_inter_op_parallelism_threads() not in (0, threads):
        set_up.append(f"{config.get_inter_op_parallelism_threads()} inter-op threads")
    try:
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:  # it runs, with the threads of the environment unless it was told others
        if set_up:
            raise InputError(_refusal(", ".join(set_up))) from error
    visible = len(tf.config.get_visible_devices("GPU"))
    if GPUS in share and visible != (share[GPUS] not in ("", "-1")):
        raise InputError(_refusal(f"{visible} visible GPUs"))


def _refusal(what: str) -> str:
    return (
        f"--workers: the calling script sets TensorFlow up itself ({what}), also in every worker, which then cannot "
        'keep to its share of cores and GPUs; do that under if __name__ == "__main__":'
    )
