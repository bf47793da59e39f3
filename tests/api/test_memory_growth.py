"""Memory of GPUs is taken as it is needed, of each of them, before any is used."""

import logging
from types import ModuleType, SimpleNamespace

import pytest

from diffsem.quiet_tensorflow import _Loader


@pytest.mark.parametrize("gpus", [[], ["GPU:0"], ["GPU:0", "GPU:1", "GPU:2"]])
def test_every_gpu_is_told_before_devices_are_made(gpus):
    calls = []
    module = ModuleType("tensorflow")
    module.get_logger = lambda: logging.getLogger("nobody")

    def execute(_):
        module.config = SimpleNamespace(
            list_physical_devices=lambda kind: {"GPU": gpus}[kind],
            list_logical_devices=lambda: calls.append("made"),
            experimental=SimpleNamespace(set_memory_growth=lambda gpu, grows: calls.append((gpu, grows))),
        )

    _Loader(SimpleNamespace(exec_module=execute)).exec_module(module)
    assert calls == [*((gpu, True) for gpu in gpus), "made"]
