"""A table that is there already: whose rows it has, and whether a sweep may go on in it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from diffsem.link import InputError, empty_table, read_table, write_table
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.table.resuming import check_overwritable, resumed, with_versions
from diffsem.scenarios.schema.strict_yaml import read_yaml, write_yaml

SCENARIO = load_scenario("mnist-quick")
ATTRIBUTES = {
    "scenario": SCENARIO.to_yaml(),
    "weights_sha256": "w" * 64,
    "data_sha256": "d" * 64,
    "sources_sha256": json.dumps({}),
}
HERE = {"diffsem": "0.1.0", "numpy": "2.3"}


def table(rows=(), **attributes):
    """A table with rows of the first columns alone: nobody reads them here."""
    kept = {key: value for key, value in (ATTRIBUTES | attributes).items() if value is not None}
    empty = empty_table(kept, np.zeros((1, 28, 28, 1), np.uint8))
    return replace(empty, rows=empty.rows.reindex(range(len(rows))))


def refusal(act, *arguments):
    with pytest.raises(InputError) as error:
        act(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_table_of_the_same_run_goes_on_and_one_without_rows_begins_anew():
    there, fresh = table(rows=[1, 2]), table()
    assert resumed("r.h5", there, SCENARIO, fresh) is there
    assert resumed("r.h5", table(), SCENARIO, fresh) is fresh


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"scenario": load_scenario("mnist-quick", ["seed=2"]).to_yaml()}, "another scenario"),
        ({"scenario": load_scenario("mnist-quick", ["schedule.kind=cosine"]).to_yaml()}, "another scenario"),
        ({"scenario": "name: [cut"}, "another scenario"),
        ({"scenario": None}, "another scenario"),
        ({"weights_sha256": "x" * 64}, "other weights"),
        ({"weights_sha256": None}, "other weights"),
        ({"data_sha256": "x" * 64}, "other test images"),
        ({"sources_sha256": json.dumps({"mine:ATTACK": "x" * 64})}, "other code from outside of the package"),
    ],
)
def test_results_of_something_else_are_told(attributes, what):
    for rows in ([], [1]):
        message = refusal(resumed, "r.h5", table(rows, **attributes), SCENARIO, table())
        assert message.startswith(f"result file r.h5: holds results of {what}; give another --out")


@pytest.mark.parametrize("attributes", [{"data_sha256": None}, {"sources_sha256": None}])
def test_a_table_from_before_something_was_recorded_goes_on(attributes):
    there = table(rows=[1], **attributes)
    assert resumed("r.h5", there, SCENARIO, table()) is there


@pytest.mark.parametrize("key", ["schedule", "compression", "execution", "training"])
def test_a_key_that_was_not_there_means_its_default(key):
    words = read_yaml(SCENARIO.to_yaml())
    del words[key]
    there = table(rows=[1], scenario=write_yaml(words))
    assert resumed("r.h5", there, SCENARIO, table()) is there


def test_rows_of_other_versions_need_to_be_allowed_and_are_told():
    there = table(rows=[1], versions=json.dumps({"diffsem": "0.1.0", "numpy": "2.2"}))
    message = refusal(with_versions, "r.h5", there, HERE, False)
    assert "(numpy 2.2 there, 2.3 here)" in message
    assert "--mixed-versions" in message
    known = json.loads(with_versions("r.h5", there, HERE, True).attributes["mixed_versions"])
    assert known == [{"diffsem": "0.1.0", "numpy": "2.2"}, HERE]


@pytest.mark.parametrize("mixed", [True, False])
def test_rows_of_the_same_versions_are_left_alone(mixed):
    there = table(rows=[1], versions=json.dumps(HERE))
    assert with_versions("r.h5", there, HERE, mixed) is there


def test_only_a_result_file_may_be_replaced(tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, table())
    check_overwritable(path)
    # Its checksum is wrong now; it is a result file all the same.
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError):
        read_table(path)
    check_overwritable(path)
    for content in (b"", b"system,node\n"):
        path.write_bytes(content)
        assert "which alone --overwrite replaces" in refusal(check_overwritable, path)
    path.unlink()
    assert "which alone --overwrite replaces" in refusal(check_overwritable, path)
