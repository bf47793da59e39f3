"""Colours of the shipped systems, as readers with and without colour blindness see them."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from diffsem.scenarios.reporting.style import style_of
from diffsem.scenarios.systems import shipped_systems

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
# What stands together in the shipped tables, and defences, which are compared with each other.
TOGETHER = [
    ("classifier", "noise-aware", "noise-aware-pair", "one-step", "diffsem", "e-diffsem", "ibal", "ibal-d"),
    ("classifier", "direct", "ibal", "ibal-d", "noise-aware-pair", "permutation"),
    ("classifier", "digital", "noise-aware", "noise-aware-pair", "one-step"),
    ("diffsem", "noise-aware-pair", "one-step", "reference", "reference-one-step"),
    ("diffsem", "keyed-scramble", "keyed-self-noise", "keyed-self-noise-scramble", "null-space-noise", "reference"),
    ("coded-jamming", "laplace-noise", "min-max", "min-max-perturbed", "privacy-funnel", "privacy-funnel-colluding"),
]
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def cielab(colour, matrix):
    """L*, a*, b* under D65 of #RRGGBB."""
    coded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    ratio = XYZ @ np.clip(np.asarray(matrix) @ linear, 0, 1) / XYZ.sum(axis=1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(left, right, matrix):
    return np.linalg.norm(cielab(left, matrix) - cielab(right, matrix))


def test_the_space_is_that_of_the_cie():
    np.testing.assert_allclose(cielab("#FFFFFF", np.eye(3)), [100, 0, 0], atol=0.01)
    np.testing.assert_allclose(cielab("#FF0000", np.eye(3)), [53.24, 80.09, 67.20], atol=0.02)
    # Red and green of one lightness, which who lacks a cone confuses.
    assert distance("#C08000", "#A09000", np.eye(3)) > 2 * distance("#C08000", "#A09000", SEEN["deuteranopia"])


def test_no_two_systems_have_one_colour():
    colours = [system.colour.upper() for system in shipped_systems().values()]
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[-1])
def test_systems_that_stand_together_are_told_apart(names, eyes):
    systems = shipped_systems()
    for left, right in itertools.combinations(names, 2):
        far = distance(systems[left].colour, systems[right].colour, SEEN[eyes])
        assert far > 17, f"{left} and {right}: {far:.1f}"


@pytest.mark.parametrize("eyes", SEEN)
def test_any_two_systems_differ_in_colour_or_marker(eyes, row, point_result, table):
    systems = shipped_systems()
    built = table(attacked=False).with_point(point_result([row(name, "receiver", 120, 5.0, 900) for name in systems]))
    style = style_of(replace(built, attributes=built.attributes))
    for left, right in itertools.combinations(systems, 2):
        far = distance(systems[left].colour, systems[right].colour, SEEN[eyes])
        assert far > 10 or style.markers[left] != style.markers[right], f"{left} and {right}: {far:.1f}"


def test_others_take_colours_and_markers_that_are_left(row, point_result, table):
    names = ["diffsem", "classifier", *(f"other {place}" for place in range(8))]
    built = table(attacked=False).with_point(point_result([row(name, "receiver", 120, 5.0, 900) for name in names]))
    style = style_of(built)
    assert len(set(style.colours.values())) == len(names)
    assert len({(style.colours[name], style.markers[name]) for name in names}) == len(names)
    foreign = json.dumps({"other 0": {"title": "o", "colour": style.colours["other 3"]}})
    again = style_of(replace(built, attributes={**built.attributes, "systems": foreign}))
    others = [colour for name, colour in again.colours.items() if name != "other 0"]
    assert again.colours["other 0"] not in others
