import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.models import build_encoder, feature_shape


@pytest.mark.parametrize(
    ("image_shape", "symbols", "expected"),
    [
        ((28, 28, 1), 64, (8, 8, 1)),
        ((28, 28, 1), 256, (8, 8, 4)),
        ((28, 28, 1), 16, (4, 4, 1)),
        ((28, 28, 1), 48, (4, 4, 3)),
        ((28, 28, 1), 80, (4, 4, 5)),
        ((32, 32, 3), 192, (8, 8, 3)),
        ((32, 32, 3), 16, (4, 4, 1)),
        ((64, 64, 3), 512, (16, 16, 2)),
        ((64, 64, 3), 128, (8, 8, 2)),
        ((48, 48, 3), 288, (12, 12, 2)),
        ((32, 64, 3), 128, (8, 16, 1)),
    ],
)
def test_symbols_fill_the_papers_grid_or_half_of_it(image_shape, symbols, expected):
    assert feature_shape(image_shape, symbols) == expected


@pytest.mark.parametrize(
    ("image_shape", "symbols", "words"),
    [
        ((28, 28, 1), 100, "symbols 100: fill no feature of images of 28 x 28; nearest allowed: 96 and 112"),
        ((28, 28, 1), 8, "nearest allowed: 16$"),
        ((28, 28, 1), 0, "nearest allowed: 16$"),
        ((28, 28, 1), -64, "nearest allowed: 16$"),
        ((48, 48, 3), 200, "nearest allowed: 144 and 288"),
        ((28, 28, 3), 64, "height and width must be divisible by 16"),
    ],
)
def test_what_fills_no_feature_is_refused_with_the_nearest_numbers(image_shape, symbols, words):
    with pytest.raises(ValueError, match=words):
        feature_shape(image_shape, symbols)


def is_allowed(image_shape, symbols):
    try:
        return math.prod(feature_shape(image_shape, symbols)) == symbols
    except ValueError:
        return False


sizes = st.sampled_from([(28, 28, 1), (16, 16, 3), (32, 32, 3), (48, 32, 3), (64, 64, 3), (256, 256, 3)])


@given(image_shape=sizes, symbols=st.integers(1, 5000))
def test_a_feature_has_just_the_symbols_asked_for_or_the_nearest_numbers_are_told(image_shape, symbols):
    if is_allowed(image_shape, symbols):
        height, width, _ = feature_shape(image_shape, symbols)
        assert height % 4 == width % 4 == 0
        return
    with pytest.raises(ValueError, match="nearest allowed") as refusal:
        feature_shape(image_shape, symbols)
    nearest = [int(number) for number in str(refusal.value).partition("allowed: ")[2].split(" and ")]
    assert all(is_allowed(image_shape, number) for number in nearest)
    below, above = max([0, *(number for number in nearest if number < symbols)]), nearest[-1]
    assert below < symbols < above
    assert not any(is_allowed(image_shape, number) for number in range(below + 1, above))


@pytest.mark.parametrize("image_shape", [(28, 28, 1), (32, 32, 3), (48, 32, 3)])
def test_there_is_an_encoder_for_every_feature(image_shape):
    shapes = [feature_shape(image_shape, symbols) for symbols in range(1, 400) if is_allowed(image_shape, symbols)]
    assert len(shapes) >= 4
    for shape in shapes:
        assert build_encoder(image_shape, shape).output_shape == (None, *shape)
