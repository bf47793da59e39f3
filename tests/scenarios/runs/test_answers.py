"""What a worker sends back is read as plain bytes: no answer runs code where the sweep was started."""

import functools
import io
import json
import os
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsem.link import COLUMNS, EXAMPLE_COLUMNS, InputError, Point, PointResult, empty_table
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.parallel import dask as on_dask
from diffsem.scenarios.runs.parallel.answers import answer_of, answers, joined, parts_of
from diffsem.scenarios.runs.parallel.machines import Certificates
from diffsem.scenarios.runs.parallel.variant import Variant

POINT = Point(240, 15.0, (15.0,))
VARIANT = Variant(load_scenario("mnist-quick"), "", (POINT,))


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
    (content,) = answers(lambda points: [sent], [POINT])
    got = answer_of(content, [POINT]).result
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
        answer_of(*answers(refuses, [POINT]), [POINT])
    with pytest.raises(RuntimeError, match="ZeroDivisionError: of what") as failure:
        answer_of(*answers(fails, [POINT]), [POINT])
    assert "in fails" in failure.value.__notes__[0]


def test_what_a_group_has_finished_comes_before_its_failure(rng):
    points = [POINT, replace(POINT, timestep=300), replace(POINT, timestep=180)]

    def simulate(group):
        # Points end in any order.
        yield replace(point_result(rng), point=group[1])
        yield replace(point_result(rng), point=group[0])
        raise InputError("the third")

    contents = parts_of(joined(answers(simulate, points)))
    found = [answer_of(content, points) for content in contents[:2]]
    assert [answer.result.point for answer in found] == [points[1], points[0]]
    assert all(answer.seconds >= 0 for answer in found)
    with pytest.raises(InputError, match="the third"):
        answer_of(contents[2], points)


@pytest.mark.parametrize("content", [b"", b"1234567", bytes(7) + b"\x09" + bytes(8), b"\xff" * 100, None, [b"1"]])
def test_a_group_that_is_cut_off_is_refused(content):
    with pytest.raises(InputError, match="not the plain bytes of a result"):
        parts_of(content)


@pytest.mark.parametrize("option", ["--tls-ca-file", "--tls-cert", "--tls-key"])
def test_a_tls_file_that_is_missing_is_told_in_one_line(option, tmp_path):
    pytest.importorskip("distributed")
    field = option.removeprefix("--tls-").replace("-", "_")
    given = Certificates(**{field: tmp_path / "none.pem"})
    with pytest.raises(InputError, match=rf"^{option} .*none\.pem: no file that can be read"):
        on_dask.simulate_on_dask([VARIANT], lambda images: None, "tls://127.0.0.1:1", None, given)


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
        answer_of(make(Orders(place)), [POINT])
    assert not place.exists()


@functools.cache
def whole_answer():
    """The same bytes every time: they tell the seconds that they took."""
    (content,) = answers(lambda points: [point_result(np.random.default_rng(1))], [POINT])
    return content


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_answer_is_refused_or_of_the_same_kinds(data):
    sent = bytearray(whole_answer())
    for _ in range(data.draw(st.integers(1, 4))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        result = answer_of(bytes(sent[: data.draw(st.integers(1, len(sent)))]), [POINT]).result
    except (InputError, RuntimeError):
        return
    assert [set(row) for row in result.rows] == [set(COLUMNS)] * len(result.rows)


def test_an_object_that_a_dask_worker_returns_is_not_unpickled(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    place = tmp_path / "made"
    monkeypatch.setattr(on_dask, "joined", lambda contents: Orders(place))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
        ) as cluster,
        pytest.raises(InputError, match="not the plain bytes of a result"),
    ):
        list(on_dask.simulate_on_dask([VARIANT], lambda images: None, cluster.scheduler_address, None))
    assert not place.exists()


@pytest.mark.parametrize(
    "address",
    ["tls://127.0.0.1:1", "wss://127.0.0.1:1", "ucx://127.0.0.1:1", "quic://127.0.0.1:1", "tcp://[::1:5", "tcp://:1"],
)
def test_addresses_of_nobody_are_told_at_once_in_one_line(address):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match=r"^--scheduler .*allowed: tcp://HOST:PORT"):
        on_dask.simulate_on_dask([VARIANT], lambda images: None, address, None)
