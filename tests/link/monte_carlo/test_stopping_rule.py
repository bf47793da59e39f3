"""When a node is known well enough, and how much is simulated ahead."""

import pytest

from diffsem.link import StoppingRule


@pytest.mark.parametrize(
    ("rule", "correct", "total", "images"),
    [
        (StoppingRule(1000), 3, 5, 1000),
        (StoppingRule(1000, target_errors=100), 0, 0, 1),
        (StoppingRule(1000, target_errors=100), 90, 100, 1000),
        (StoppingRule(1000, target_errors=100), 50, 100, 200),
        (StoppingRule(10**6, ci_half_width=0.01), 1250, 2500, 9604),
    ],
)
def test_projected_images_follow_the_rules(rule, correct, total, images):
    assert rule.projected_images(correct, total) == pytest.approx(images, rel=0.01)


@pytest.mark.parametrize(
    ("rule", "correct", "total", "reason"),
    [
        (StoppingRule(1000), 5, 999, ""),
        (StoppingRule(1000), 5, 1000, "max_images"),
        (StoppingRule(1000, target_errors=10), 90, 100, "target_errors"),
        (StoppingRule(1000, target_errors=10), 91, 100, ""),
        (StoppingRule(10**6, ci_half_width=0.01), 5000, 10_000, "ci_half_width"),
        (StoppingRule(10**6, ci_half_width=0.01), 4500, 9000, ""),
    ],
)
def test_stopping_rules(rule, correct, total, reason):
    assert rule.reason(correct, total) == reason
