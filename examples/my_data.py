"""A data set of one's own: ten kinds of clothes and bags, drawn on the fly as 28 x 28 grey images.

A scenario names it as `dataset: {kind: "my_data:FASHION", images: 7000}`. It stands in for Fashion-MNIST (Xiao et al.,
2017) where nothing can be downloaded: the same size and number of classes, and silhouettes that are as easy to mistake.
"""

import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from pydantic import Field

from diffsem.scenarios import DatasetKind, DataSource, Keys, LabelledImages, Sizes

SIDE, CLASSES = 28, 10
# Drawn larger and reduced, so that edges are smooth.
SCALE = 4
TEST_SHARE = 1 / 7
# Fixed, and apart from any scenario's seed: the same images in every run, and on every machine.
SEED = 0


class FashionKeys(Keys):
    images: Annotated[int, Field(ge=140, le=1_000_000)] = Field(
        default=21_000, description="images that are drawn, a seventh of them for test"
    )


def outlines(label: int, rng: np.random.Generator) -> list[list[tuple[float, float]]]:
    """Polygons of an object, in units of its half width and half height; their corners vary from one to the next."""
    a, b, c = rng.uniform(0.8, 1.2, 3)
    trunk = [(-0.55 * a, -0.8), (0.55 * a, -0.8), (0.55 * b, 0.9), (-0.55 * b, 0.9)]
    short = [(0.5, -0.8), (1, -0.35 * b), (0.8, -0.05 * b), (0.4, -0.4)]
    long = [(0.5, -0.8), (1, 0.55 * b), (0.75, 0.7 * b), (0.4, -0.2)]
    strap = [(-0.5 * a, -0.2), (-0.3 * a, -0.9), (0.3 * a, -0.9), (0.5 * a, -0.2)]
    leg = [(0.02, -0.6), (0.5, -0.9), (0.6 * a, 0.95), (0.22 * a, 0.95)]
    skirt = [(-0.3 * a, -0.9), (0.3 * a, -0.9), (0.3, -0.1), (0.75 * b, 0.95), (-0.75 * b, 0.95), (-0.3, -0.1)]
    shoe = [(-0.9, 0.0), (-0.5, -0.25 * a), (0.2, 0.15), (0.95, 0.3 * b), (0.95, 0.6), (-0.9, 0.6)]
    high = [(-0.6, -0.9 * a), (0.1, -0.9 * a), (0.15, 0.2), (0.9, 0.4 * b), (0.9, 0.85), (-0.6, 0.85)]
    sole = [(-0.95, 0.45), (0.95, 0.5), (0.95, 0.7), (-0.95, 0.7)]
    toe, heel = [(0.0, 0.5), (0.35 * a, -0.1), (0.6 * a, 0.5)], [(-0.95, 0.5), (-0.85, -0.4 * b), (-0.6, 0.5)]
    shapes = [
        [trunk, short, mirrored(short)],  # T-shirt
        [leg, mirrored(leg), [(-0.5, -0.9), (0.5, -0.9), (0.5, -0.45), (-0.5, -0.45)]],  # trousers
        [trunk, long, mirrored(long)],  # pullover
        [skirt],  # dress
        [[(x * 1.1, y * 1.05) for x, y in trunk], long, mirrored(long)],  # coat, open in front
        [sole, toe, heel],  # sandal
        [trunk, short, mirrored(short)],  # shirt, buttoned
        [shoe],  # sneaker
        [[(-0.9 * a, -0.2 * c), (0.9 * a, -0.2 * c), (0.85, 0.75), (-0.85, 0.75)], strap],  # bag
        [high],  # boot
    ]
    return shapes[label]


def mirrored(polygon: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-x, y) for x, y in polygon]


# What is darker than the rest: the open front of a coat, a shirt's buttons, a shoe's sole, the inside of a strap.
DETAILS = {
    4: [[(-0.06, -0.8), (0.06, -0.8), (0.08, 0.95), (-0.08, 0.95)]],
    6: [[(-0.05, y), (0.05, y), (0.05, y + 0.12), (-0.05, y + 0.12)] for y in (-0.6, -0.25, 0.1, 0.45)],
    7: [[(-0.9, 0.38), (0.95, 0.44), (0.95, 0.5), (-0.9, 0.46)]],
    8: [[(-0.3, -0.2), (-0.2, -0.7), (0.2, -0.7), (0.3, -0.2)]],
}


def draw(label: int, rng: np.random.Generator) -> np.ndarray:
    """[28, 28] uint8: an object of a class, of random outline, size, tilt, shade and texture, on black."""
    side = SIDE * SCALE
    width, height = rng.uniform(0.36, 0.46, 2) * side
    angle = np.deg2rad(rng.normal(0, 4))
    centre = side / 2 + rng.normal(0, 0.02, 2) * side
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def mask(polygons) -> np.ndarray:
        canvas = Image.new("L", (side, side))
        pencil = ImageDraw.Draw(canvas)
        for polygon in polygons:
            corners = np.array(polygon) * (width, height) @ turn.T + centre
            pencil.polygon([(float(x), float(y)) for x, y in corners], fill=255)
        small = canvas.filter(ImageFilter.GaussianBlur(1)).resize((SIDE, SIDE), Image.Resampling.BOX)
        return np.asarray(small, np.float64) / 255

    rows, columns = np.mgrid[:SIDE, :SIDE]
    waves = rng.uniform(-1.2, 1.2, 2) @ np.stack([rows.ravel(), columns.ravel()])
    texture = rng.uniform(0, 0.15) * np.sin(waves + rng.uniform(0, 2 * np.pi)).reshape(SIDE, SIDE)
    shade = rng.uniform(0.45, 0.95) * (1 + texture + rng.normal(0, 0.05, (SIDE, SIDE)))
    image = mask(outlines(label, rng)) * shade * (1 - 0.7 * mask(DETAILS.get(label, [])))
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


@functools.lru_cache(maxsize=1)
def fashion(images: int) -> tuple[LabelledImages, LabelledImages]:
    """Training and test set; classes take turns, so that the first few images of each have all of them."""
    labels = np.arange(images, dtype=np.int32) % CLASSES
    drawn = np.stack([draw(int(label), np.random.default_rng([SEED, place])) for place, label in enumerate(labels)])
    both, test = LabelledImages(drawn[..., None], labels), test_images(images)
    return both[test:], both[:test]


def test_images(images: int) -> int:
    return round(TEST_SHARE * images)


def source(keys: FashionKeys) -> DataSource:
    def load(data_dir: Path | None) -> tuple[LabelledImages, LabelledImages]:
        return fashion(keys.images)

    return DataSource(
        "fashion",
        # Root mean square of the pixels of an image, on average over 2,000 images.
        Sizes((SIDE, SIDE, 1), (8, 8, 1), lambda: CLASSES, pixel_rms=0.365, reference_shift=2),
        load,
        test_images=lambda: test_images(keys.images),
        training_images=lambda: keys.images - test_images(keys.images),
    )


FASHION = DatasetKind("fashion", source, FashionKeys)
