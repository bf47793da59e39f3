"""What the pages say of several trainings, against accuracies of their tables and the definition of the words."""

import pytest
from rendering import retraining, tables


@pytest.fixture(scope="module")
def trained():
    return tables.tables("notebooks/trainings/mnist.seed-*.h5")


def accuracies(several, system, t):
    """Percent, a receiver a training."""
    found = [one.rows.set_index(["node", "system", "timestep"])["accuracy"] for one in several]
    return [100 * accuracy["receiver", system, t] for accuracy in found]


def test_a_mean_and_its_ends_are_those_of_the_accuracies(trained):
    each = [
        first - second
        for first, second in zip(
            accuracies(trained, "diffsem", 240), accuracies(trained, "noise-aware", 240), strict=True
        )
    ]
    found = retraining.over_trainings(trained, "diffsem", "noise-aware", 240)
    assert [found.value, found.lowest, found.highest] == pytest.approx([sum(each) / len(each), min(each), max(each)])
    assert found.low < found.lowest
    assert found.highest < found.high
    assert found.trainings == len(trained) > 1
    other_way = retraining.over_trainings(trained, "noise-aware", "diffsem", 240)
    assert other_way.value == pytest.approx(-found.value)


def test_trainings_of_one_table_differ_by_their_weights_alone(trained):
    """The same images and draws, and networks that differ."""
    assert len({one.result.attributes["data_sha256"] for one in trained}) == 1
    assert len({tuple(accuracies([one], "diffsem", 240)) for one in trained}) == len(trained)
    assert len({one.scenario.weights for one in trained}) == len(trained)
    assert len({one.scenario.seed for one in trained}) == 1


@pytest.mark.parametrize(
    ("low", "same_sign", "outlives", "said"),
    [
        (0.2, 3, True, "which outlives training again"),
        (-0.2, 3, False, "which all trainings share, but whose interval holds 0: undecided"),
        (-0.2, 2, False, "which does not outlive training again: 2 of 3 trainings have its sign"),
        (0.2, 2, False, "which does not outlive training again: 2 of 3 trainings have its sign"),
    ],
)
def test_what_outlives_is_told_from_0_and_seen_in_every_training(low, same_sign, outlives, said):
    one = retraining.OverTrainings(1.0, low, 2.0, True, 0.5, 1.5, same_sign, 3)
    assert one.outlives is outlives
    assert one.verdict == said
    assert one.seen.endswith("yes" if outlives else "no")


def test_a_page_has_systems_in_the_order_of_the_scenario_and_the_receiver_first(trained):
    rows = [line.split("|")[1:3] for line in retraining.trained_again_lines(trained, 240).splitlines()[2:]]
    systems = list(dict.fromkeys(trained[0].rows["system"]))
    nodes = ("receiver", "strongest attack")
    assert [(name.strip(" `"), node.strip()) for name, node in rows] == [
        (name, node) for name in systems for node in nodes
    ]


def test_an_attack_that_another_beats_is_not_the_strongest():
    fig5 = tables.table("notebooks/fig5-mnist.h5")
    assert retraining.none_stronger(fig5, ["linear-probe", "task-classifier-wide"], ["clean-pair"], [0, 240])
    assert not retraining.none_stronger(fig5, ["linear-probe"], ["clean-pair"], [0, 240])
    assert not retraining.none_stronger(fig5, ["never-run"], ["clean-pair"], [240])
    assert not retraining.none_stronger(fig5, ["task-classifier-wide"], ["clean-pair"], [241])
