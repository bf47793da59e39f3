"""The judge of a scenario: shipped, or from outside of the package."""

import sys

import pytest

from diffsem.link import InputError
from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack, PlannedAttack, Target
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.judges import find_judge, shipped_judges
from diffsem.scenarios.schema.nodes import Surrogate
from diffsem.scenarios.schema.scenario import Scenario

SIZES = Dimensions((28, 28, 1), (8, 8, 1), 10, 0.329)
TARGET = Target(SIZES.feature_shape, SIZES.image_shape, SIZES.classes, SIZES.pixel_rms)

OUTSIDE = """
from diffsem.scenarios import Judge, NetworkSpec, Stage

def network(name):
    return NetworkSpec(name, {build})

def stages(scenario, attacks):
    return (Stage("{network}", (MINE.network,), (), {run}),)

MINE = Judge("{name}", network("{network}"), network("mine-clean"), stages)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module with a judge of one's own: gives its module:NAME."""
    name = f"judge_{tmp_path.name.replace('-', '_')}"

    def write(name_of_judge="mine", network="mine-network", build="lambda sizes: 1 / 0", run="lambda session: 1 / 0"):
        body = OUTSIDE.format(name=name_of_judge, network=network, build=build, run=run)
        (tmp_path / f"{name}.py").write_text(body)
        return f"{name}:MINE"

    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    yield write
    sys.modules.pop(name, None)


def scenario(**epochs):
    content = {"name": "mine", "dataset": "mnist", "timesteps": [0], "legitimate": {"snr_db": [10]}}
    return Scenario.model_validate(content | {"training": {"epochs": epochs}})


def planned(name, trained):
    method = AttackMethod("guess", "image", lambda target: None, None)
    transmitter = TransmitterSpec(name, NetworkSpec(f"encoder-{name}", lambda sizes: None, trained=trained))
    network = NetworkSpec(f"{name}.guess", lambda sizes: None)
    attack = ListedAttack(method, True, Surrogate())
    return PlannedAttack(attack, transmitter, transmitter, TARGET, network)


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_shipped_judge_is_the_one_where_a_scenario_names_none():
    assert find_judge(None) == find_judge("strong-classifier")
    assert find_judge(None).part.name == "strong-classifier"


@pytest.mark.parametrize(("judge_of_attacks", "start"), [(None, []), (3, ["strong-classifier-clean"])])
def test_the_judge_of_attacks_needs_them_and_their_encoders_and_what_it_goes_on_from(judge_of_attacks, start):
    attacks = [planned("pair", trained=True), planned("pixels", trained=False)]
    clean, judge = find_judge(None).part.stages(scenario(judge_of_attacks=judge_of_attacks), attacks)
    assert [clean.name, judge.name] == ["strong-classifier-clean", "strong-classifier"]
    assert clean.needs == ()
    # In the order in which training records of before tell them.
    assert [network.name for network in judge.needs] == [*start, "encoder-pair", "pair.guess", "pixels.guess"]


def test_both_networks_of_the_shipped_judge_label_images():
    (judge,) = shipped_judges().values()
    for network in (judge.network, judge.clean):
        assert network.build(SIZES).output_shape == (None, 10)


def test_a_judge_from_outside_is_one_object_whose_errors_are_told_as_its_own(module):
    reference = module()
    found = find_judge(reference)
    assert find_judge(reference) is found
    (stage,) = found.part.stages(scenario(), ())
    assert stage.source == found.source.file
    for act in (lambda: found.part.network.build(SIZES), lambda: stage.run(None)):
        assert refusal(act).startswith(f"eavesdropper.judge: {reference}: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name_of_judge": "strong-classifier"}, "its name 'strong-classifier'"),
        ({"network": "strong-classifier-clean"}, "its name 'strong-classifier-clean'"),
        ({"network": "../up"}, "its name '../up'"),
    ],
)
def test_a_judge_from_outside_takes_no_shipped_or_broken_name(options, words, module):
    reference = module(**options)
    assert words in refusal(lambda: find_judge(reference))


@pytest.mark.parametrize(
    ("name", "words"), [("strong-clasifier", "did you mean strong-classifier"), ("math:pi", "is float; allowed")]
)
def test_a_judge_that_is_not_there_ends_in_one_line(name, words):
    assert words in refusal(lambda: find_judge(name))
