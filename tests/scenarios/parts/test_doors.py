"""Every door for parts from outside of the package: what cannot be used ends in one line, and `check` opens none."""

import pytest

HEAD = "name: mine\ntimesteps: [240]\nmonte_carlo: {max_images: 32, batch_size: 32}\n"
SYSTEM = (
    "dataset: mnist\nlegitimate: {{snr_db: [15], receivers: [classifier, '{part}']}}\neavesdropper: {{attacks: []}}\n"
)
CHANNEL = "dataset: mnist\nlegitimate: {{snr_db: [15], receivers: [classifier], channel: {{kind: '{part}'}}}}\n"
HEARD = (
    "dataset: mnist\nlegitimate: {{snr_db: [15], receivers: [classifier]}}\n"
    "eavesdropper: {{channel: {{kind: '{part}'}}}}\n"
)
DATASET = "dataset: '{part}'\nlegitimate: {{snr_db: [15], receivers: [classifier]}}\n"
ATTACK = (
    "dataset: mnist\nlegitimate: {{snr_db: [15], receivers: [classifier]}}\neavesdropper: {{attacks: ['{part}']}}\n"
)
JUDGE = "dataset: mnist\nlegitimate: {{snr_db: [15], receivers: [direct]}}\neavesdropper: {{judge: '{part}'}}\n"
DOORS = {
    "legitimate.receivers": (SYSTEM, "System"),
    "legitimate.channel": (CHANNEL, "ChannelKind"),
    "eavesdropper.channel": (HEARD, "ChannelKind"),
    "dataset": (DATASET, "DatasetKind"),
    "eavesdropper.attacks": (ATTACK, "AttackMethod"),
    "eavesdropper.judge": (JUDGE, "Judge"),
}


@pytest.fixture
def scenario(tmp_path):
    def write(door, part):
        path = tmp_path / "mine.yaml"
        path.write_text(HEAD + DOORS[door][0].format(part=part))
        return path

    return write


def assert_refused(answer, *words):
    status, out, err = answer
    (line,) = err.splitlines()
    assert (status, out) == (2, "")
    assert line.startswith("diffsem: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize("command", ["run", "train"])
@pytest.mark.parametrize("door", DOORS)
def test_a_part_that_is_not_there_or_is_none_is_told_with_its_key(door, command, scenario, diffsem, tmp_path):
    out = tmp_path / "out"
    assert_refused(diffsem(command, scenario(door, "nowhere_at_all:X"), "--out", out), f"{door}: nowhere_at_all:X: ")
    kind = DOORS[door][1]
    told = f"{door}: math:pi: is float; allowed: diffsem.scenarios.{kind}"
    assert_refused(diffsem(command, scenario(door, "math:pi"), "--out", out), told)
    assert not out.exists()


@pytest.mark.parametrize("door", DOORS)
def test_check_runs_no_code_through_any_door_unless_it_is_told_to(door, scenario, diffsem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = f"writes_{door.replace('.', '_')}"
    (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()")
    path = scenario(door, f"{name}:X")
    status, out, _ = diffsem("check", path)
    assert status == 0
    assert f"# not looked into: {name}:X; --import does, and runs their code" in out
    assert not (tmp_path / "ran").exists()
    assert_refused(diffsem("check", path, "--import"), f"{door}: {name}:X: ")
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["legitimate.receivers=[difsem]"], ["legitimate.receivers: difsem: unknown", "did you mean diffsem?"]),
        (["legitimate.receivers=['a:b:c']"], ["legitimate.receivers"]),
        (["dataset=mnit"], ["dataset", "did you mean mnist?"]),
        (["legitimate.channel={kind: raleigh}"], ["did you mean rayleigh?"]),
        (["eavesdropper.judge=strong-clasifier"], ["did you mean strong-classifier?"]),
        (["schedule.kind=sigmoid"], ["schedule.kind", "'linear'", "'cosine'"]),
        (["schedule.beta_start=0.5"], ["beta_start"]),
        (["schedule={steps: 100}"], ["timesteps", "100"]),
        (["compression=7"], ["compression: 7", "16"]),
        (["compression=0"], ["compression"]),
    ],
)
def test_names_and_new_keys_that_cannot_be_are_told_in_one_line(overrides, words, diffsem):
    assert_refused(diffsem("check", "mnist-quick", *[word for key in overrides for word in ("--set", key)]), *words)
