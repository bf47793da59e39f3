"""The training record: whatever a file holds, it is a record or one line."""

import json

import pytest

from diffsem.link import InputError
from diffsem.scenarios.training.checkpoints import PRETRAINED
from diffsem.scenarios.training.record import read_hangs_on, read_record

GOOD = json.loads((PRETRAINED / "cifar10" / "training.json").read_text())["pair"]


def without(key):
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ("[" * 10_000, "recursion limit"),
        ('{"pair": NaN}', "not valid JSON"),
        (b"\xff", "not valid JSON"),
        ([], "top level"),
        ("3", "top level"),
        ('"pair"', "top level"),
        ({"pair": []}, "pair: "),
        ({"\x1b[2Jpair": GOOD}, "no name"),
        ({"pair": without("scores")}, "pair.scores: "),
        ({"pair": without("history")}, "pair.history: "),
        ({"pair": GOOD | {"scores": {"surrogate_images": "many"}}}, "pair.scores.surrogate_images: "),
        ({"pair": GOOD | {"seed": "1"}}, "pair.seed: "),
        ({"pair": GOOD | {"epochs": 10**30}}, "pair.epochs: "),
        ({"pair": GOOD | {"seconds_training": None}}, "pair.seconds_training: "),
        ({"pair": GOOD | {"date": 3}}, "pair.date: "),
        ({"pair": GOOD | {"sha256": ["encoder"]}}, "pair.sha256: "),
        ({"pair": GOOD | {"sha256": {"encoder": 3}}}, "pair.sha256.encoder: "),
        ({"pair": GOOD | {"sha256": {"../encoder": "0" * 64}}}, "no name"),
        ({"pair": GOOD | {"hangs_on": 3}}, "pair.hangs_on: "),
        ({"pair": GOOD | {"hangs_on": {"scenario": {}}}}, "pair.hangs_on.data_sha256: "),
        ({"pair": GOOD | {"hangs_on": GOOD["hangs_on"] | {"networks": ["encoder"]}}}, "pair.hangs_on.networks: "),
    ],
)
def test_a_record_of_another_shape_ends_in_one_line(content, words, tmp_path):
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (tmp_path / "training.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=words) as error:
        read_record(tmp_path)
    assert "\n" not in str(error.value)
    assert "pydantic" not in str(error.value)


def test_a_record_that_is_far_too_large_is_not_read(tmp_path):
    with (tmp_path / "training.json").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(InputError, match="larger than 50 MB"):
        read_record(tmp_path)


def test_a_record_may_say_more_and_need_not_say_what_it_hangs_on(tmp_path):
    record = {"pair": without("hangs_on") | {"weather": ["rain"]}, "more": GOOD | {"hangs_on": {}}}
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert read_record(tmp_path) == record


@pytest.mark.parametrize("content", ["[" * 10_000, "[]", '{"scenario": 3}', "{"])
def test_what_a_stage_hung_on_is_not_known_from_a_file_of_another_shape(content, tmp_path):
    (tmp_path / "hangs_on.json").write_text(content)
    assert read_hangs_on(tmp_path / "hangs_on.json") == {}
    (tmp_path / "hangs_on.json").write_text(json.dumps(GOOD["hangs_on"]))
    assert read_hangs_on(tmp_path / "hangs_on.json") == GOOD["hangs_on"]
