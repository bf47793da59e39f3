"""Where networks of the paper's Table II, for colour images, can be used."""

from diffsem.scenarios.contracts.attack import Target


def is_of_table_two(target: Target) -> bool:
    """Whether a feature is a quarter as high as an image, as those of Table II are."""
    return 4 * target.feature_shape[0] == target.image_shape[0]
