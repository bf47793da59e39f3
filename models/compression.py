"""How many real symbols a feature may have, and how they stand in it; no Keras is loaded for it."""


def feature_shape(image_shape: tuple[int, int, int], symbols: int) -> tuple[int, int, int]:
    """Height, width and channels of a feature of so many real symbols, two for every complex one that is sent.

    A feature of Table I is 8 x 8, for grey images of 28 x 28; one of Table II a quarter as high and wide as its image.
    Where the symbols do not fill whole channels of that, it is half as high and wide if the U-Net can take it, which
    needs multiples of 4.

    Parameters
    ----------
    image_shape : tuple of three int
        Height, width and channels of an image.
    symbols : int

    Returns
    -------
    tuple of three int

    Raises
    ------
    ValueError
        If no feature has so many symbols, with the nearest numbers that there are; or if images of that size have none.

    Examples
    --------
    >>> from diffsem.models import feature_shape
    >>> feature_shape((28, 28, 1), 64), feature_shape((32, 32, 3), 192)
    ((8, 8, 1), (8, 8, 3))
    """
    grids = _grids(image_shape)
    for height, width in grids:
        channels, left = divmod(symbols, height * width)
        if channels > 0 and left == 0:
            return height, width, channels
    finest = grids[-1][0] * grids[-1][1]
    below = symbols // finest * finest
    nearest = (below, below + finest) if below > 0 else (finest,)
    raise ValueError(
        f"symbols {symbols}: fill no feature of images of {image_shape[0]} x {image_shape[1]}; nearest allowed: "
        f"{' and '.join(str(number) for number in nearest)}"
    )


def _grids(image_shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Heights and widths that a feature may have, the paper's first."""
    height, width = image_shape[:2]
    if tuple(image_shape) == (28, 28, 1):
        return [(8, 8), (4, 4)]
    if height % 16 or width % 16:
        raise ValueError(f"image_shape {tuple(image_shape)}: height and width must be divisible by 16")
    whole, half = (height // 4, width // 4), (height // 8, width // 8)
    return [whole, half] if height % 32 == 0 and width % 32 == 0 else [whole]
