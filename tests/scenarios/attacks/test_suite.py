"""Every attack of the suite: where it makes sense, and what it makes of what it hears."""

import numpy as np
import pytest

from diffsem.scenarios.attacks import default_attacks, shipped_attacks
from diffsem.scenarios.contracts.attack import Target
from diffsem.scenarios.schema.schedule import Schedule

FEATURE, PICTURE, COLOUR = (8, 8, 1), (28, 28, 1), (32, 32, 3)
SYMBOLS = Target(FEATURE, PICTURE, 10, pixel_rms=0.33)
PICTURES = Target(PICTURE, PICTURE, 10, pixel_rms=0.33)
COLOURS = Target((8, 8, 8), COLOUR, 10, pixel_rms=0.52)
KEYED = Target(FEATURE, PICTURE, 10, pixel_rms=0.33, keyed=True, scrambled=True)
TARGETS = {"symbols": SYMBOLS, "pictures": PICTURES, "colours": COLOURS, "keyed": KEYED}

# Only pictures can be looked at, Table II is for features a quarter as high as the image, and a key calls for attacks
# of its own and lets no denoiser learn.
ONLY = {
    "as-heard": ["pictures"],
    "inversion-residual": ["colours"],
    "residual-classifier": ["colours"],
    "sorted-magnitudes": ["keyed"],
    "sorted-looks": ["keyed"],
    "pad-dictionary": ["keyed"],
    "denoise-invert": ["symbols", "pictures", "colours"],
    "schedule-aware": ["symbols", "pictures", "colours"],
}

BLACK_BOXES = [name for name, method in shipped_attacks().items() if method.threat == "black-box"]


def test_the_paper_s_attackers_come_first_where_a_scenario_lists_none():
    assert default_attacks() == (
        "inversion-mlp",
        "inversion-residual",
        "inversion-conv",
        "denoise-invert",
        "task-classifier",
        "task-classifier-wide",
    )
    assert list(shipped_attacks())[:6] == list(default_attacks())
    assert {name for name, method in shipped_attacks().items() if method.papers} == set(default_attacks()[:2])


def drawn(rng, method, target):
    """Noise, as the network of an attack reads what it hears."""
    looks = (3,) if method.all_looks else ()
    return rng.standard_normal((4, *looks, *target.feature_shape)).astype(np.float32)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", BLACK_BOXES)
def test_every_attack_makes_what_it_says_of_what_it_hears(name, target, rng):
    method, heard_of = shipped_attacks()[name], TARGETS[target]
    applies = target in ONLY.get(name, TARGETS)
    assert method.applies(heard_of) == applies
    if not applies:
        return
    received = drawn(rng, method, heard_of)
    made = method.build(heard_of)([received, np.full((4, 1), 0.3, np.float32)])
    assert made.shape == (4, *(heard_of.image_shape if method.output == "image" else (10,)))
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", [name for name in BLACK_BOXES if name not in ("linear-probe", "as-heard")])
def test_attacks_that_are_told_the_step_use_it(name, rng):
    target = COLOURS if "residual" in name else SYMBOLS
    network = shipped_attacks()[name].build(target)
    received = drawn(rng, shipped_attacks()[name], target)
    early, late = (np.asarray(network([received, np.full((4, 1), time, np.float32)])) for time in (0.2, 0.9))
    assert np.abs(early - late).max() > 1e-4


def test_only_trained_attacks_have_something_to_start_from():
    before = {name: [each.name for each in method.after] for name, method in shipped_attacks().items() if method.after}
    assert before == {"schedule-aware": ["denoise-invert"]}


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(steps=100, beta_end=0.1)], ids=["default", "own"])
def test_whoever_looks_at_what_is_heard_undoes_the_scale_of_the_schedule_in_force(schedule, rng):
    """Without noise: symbols of unit power -> pixels of the target's, as loud as their noise lets either be."""
    target = Target(PICTURE, PICTURE, 10, pixel_rms=0.4, schedule=schedule)
    step = schedule.steps // 2
    alpha_bar = np.prod(1 - np.linspace(schedule.beta_start, schedule.beta_end, schedule.steps)[:step])
    noise_to_signal = (1 - alpha_bar) / alpha_bar
    image = rng.random((4, *PICTURE)).astype(np.float32)
    received = image / 0.4 / np.sqrt(1 + noise_to_signal)
    seen = shipped_attacks()["as-heard"].build(target)([received, np.full((4, 1), 0.5, np.float32)])
    np.testing.assert_allclose(seen, image / np.sqrt(1 + 0.4**2 * noise_to_signal), rtol=1e-4)
