"""What a worker sends back is read as plain bytes: no answer runs code where the sweep was started."""

import io
import json
import os
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsem.link import COLUMNS, EXAMPLE_COLUMNS, InputError, Point, PointResult, empty_table
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.parallel import dask as on_dask
from diffsem.scenarios.runs.parallel.answers import answer, result_of

POINT = Point(240, 15.0, (15.0,))


class Orders:
    """Makes a folder when it is unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def point_result(rng):
    values = {str: "a, b", np.int64: np.int64(2**53 + 1), np.float64: np.float64(1 / 3), np.bool_: np.bool_(True)}
    rows = [{name: values[kind] for name, kind in COLUMNS.items()} | {"psnr_db": np.nan} for _ in range(3)]
    example = {name: values[kind] for name, kind in EXAMPLE_COLUMNS.items()}
    example["images"] = rng.random((2, 28, 28, 1), np.float32)
    return PointResult(POINT, rows, rng.integers(0, 99, (3, 2, 51)), [example], 64)


def test_a_result_comes_back_bit_for_bit(rng):
    sent = point_result(rng)
    got = result_of(answer(lambda point: sent, POINT), POINT)
    empty = empty_table({}, np.zeros((2, 28, 28, 1), np.uint8))
    expected, table = empty.with_point(sent), empty.with_point(got)
    pd.testing.assert_frame_equal(table.rows, expected.rows, check_exact=True)
    np.testing.assert_array_equal(table.by_step, expected.by_step)
    np.testing.assert_array_equal(table.examples.reconstructions, expected.examples.reconstructions)
    assert (got.point, got.images) == (POINT, 64)


def test_bad_input_and_failures_of_a_worker_reach_the_caller():
    def refuses(point):
        raise InputError("other weights")

    def fails(point):
        raise ZeroDivisionError("of what")

    with pytest.raises(InputError, match=r"^other weights$"):
        result_of(answer(refuses, POINT), POINT)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: of what") as failure:
        result_of(answer(fails, POINT), POINT)
    assert "in fails" in failure.value.__notes__[0]


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def text(content):
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


@pytest.mark.parametrize(
    "make",
    [
        lambda orders: pickle.dumps(orders),
        lambda orders: npz(text=np.array([orders], object)),
        lambda orders: npz(text=text({"rows": [], "examples": [], "images": 1}), by_step=np.array([orders], object)),
        lambda orders: npz(text=text({"rows": [{"system": orders.place.name}], "examples": [], "images": 1})),
        lambda orders: npz(text=text([])),
        lambda orders: npz(text=text({"rows": None, "examples": None})),
        lambda orders: npz(text=np.frombuffer(b"[" * 10**6, np.uint8)),
        lambda orders: npz(by_step=np.zeros(1)),
        lambda orders: b"",
        lambda orders: None,
        lambda orders: orders,
    ],
)
def test_anything_else_is_refused_in_one_line_and_runs_nothing(make, tmp_path):
    place = tmp_path / "made"
    with pytest.raises(InputError, match="not the plain bytes of a result"):
        result_of(make(Orders(place)), POINT)
    assert not place.exists()


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_answer_is_refused_or_of_the_same_kinds(data):
    sent = bytearray(answer(lambda point: point_result(np.random.default_rng(1)), POINT))
    for _ in range(data.draw(st.integers(1, 4))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = result_of(bytes(sent[: data.draw(st.integers(1, len(sent)))]), POINT)
    except (InputError, RuntimeError):
        return
    assert [set(row) for row in result.rows] == [set(COLUMNS)] * len(result.rows)


def test_an_object_that_a_dask_worker_returns_is_not_unpickled(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    place = tmp_path / "made"
    monkeypatch.setattr(on_dask, "answer", lambda simulate, point: Orders(place))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
        ) as cluster,
        pytest.raises(InputError, match="not the plain bytes of a result"),
    ):
        list(
            on_dask.simulate_on_dask(
                load_scenario("mnist-quick"), [POINT], lambda images: None, cluster.scheduler_address, "", None
            )
        )
    assert not place.exists()


@pytest.mark.parametrize(
    "address",
    ["tls://127.0.0.1:1", "wss://127.0.0.1:1", "ucx://127.0.0.1:1", "quic://127.0.0.1:1", "tcp://[::1:5", "tcp://:1"],
)
def test_addresses_of_nobody_are_told_at_once_in_one_line(address):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match=r"^--scheduler .*allowed: tcp://HOST:PORT"):
        on_dask.simulate_on_dask(load_scenario("mnist-quick"), [POINT], lambda images: None, address, "", None)
