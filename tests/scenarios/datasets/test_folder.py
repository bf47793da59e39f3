"""Images of one's own."""

import numpy as np
import pytest
from PIL import Image

from diffsem.link import InputError
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.folder import load_folder
from diffsem.scenarios.datasets.splitting import load_dataset


def source_of(folder, **keys):
    return resolve_dataset({"folder": str(folder), **keys})[0]


def loaded(folder, size):
    """((training images, labels), (test images, labels))."""
    return tuple((part.images, part.labels) for part in load_folder(folder, size))


def draw(path, colour, size=(40, 32), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    """Three classes of 12 images in the three colours; sizes and formats vary."""
    for label, name in enumerate(("apple", "pear", "zebra")):
        for number in range(12):
            colour = tuple(200 if channel == label else number for channel in range(3))
            suffix = "png" if number % 2 else "JPG"
            draw(tmp_path / name / f"{number}.{suffix}", colour, (20 + number, 40 - number))
    (tmp_path / "apple" / ".hidden").write_text("no image")
    return tmp_path


def test_labels_follow_the_names_and_every_class_is_in_both_parts(folder):
    (images, labels), (test_images, test_labels) = loaded(folder, 32)
    assert (images.shape, images.dtype) == ((30, 32, 32, 3), np.uint8)
    assert list(np.bincount(labels)) == [10, 10, 10]
    assert list(np.bincount(test_labels)) == [2, 2, 2]
    for part, numbers in ((images, labels), (test_images, test_labels)):
        np.testing.assert_array_equal(part.mean(axis=(1, 2)).argmax(axis=1), numbers)


def test_the_split_is_the_same_every_time_and_no_image_is_in_two_parts(folder):
    first, second = loaded(folder, 32), loaded(folder, 32)
    for left, right in zip(first, second, strict=True):
        np.testing.assert_array_equal(left[0], right[0])
    (images, _), (test_images, _) = first
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in test_images}


def test_images_keep_their_shape_and_lose_their_margins(tmp_path):
    """A wide image: the middle square is white, its margins are black."""
    picture = Image.new("RGB", (96, 32))
    picture.paste((255, 255, 255), (32, 0, 64, 32))
    for name in ("a", "b"):
        for number in range(12):
            (tmp_path / name).mkdir(exist_ok=True)
            picture.save(tmp_path / name / f"{number}.png")
    (images, _), _ = loaded(tmp_path, 16)
    assert images.min() > 250


def test_grey_palette_and_bilevel_images_become_colours(tmp_path):
    for name, mode, colour in (("a", "L", 128), ("b", "P", 1), ("c", "1", 1)):
        for number in range(8):
            draw(tmp_path / name / f"{number}.png", colour, mode=mode)
    (images, _), _ = loaded(tmp_path, 16)
    assert images.shape == (21, 16, 16, 3)
    assert (images[0] == 128).all()
    assert (images[-1] == 255).all()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda folder: draw(folder / "pear" / "x.png", 0, (1, 1)),
            ["1 of 37", "pear/x.png (1 x 1 pixels)", "at least 8 x 8"],
        ),
        (lambda folder: draw(folder / "pear" / "x.jpg", 0, mode="CMYK"), ["1 of 37", "pear/x.jpg (colours are CMYK)"]),
        (lambda folder: draw(folder / "pear" / "x.png", 0, mode="RGBA"), ["pear/x.png (colours are RGBA)"]),
        (lambda folder: (folder / "pear" / "x.png").write_bytes(b"\x89PNG"), ["1 of 37", "pear/x.png (broken)"]),
        (
            # A few bytes that claim 400 MB of colours.
            lambda folder: Image.new("1", (12000, 11000)).save(folder / "pear" / "x.png"),
            ["pear/x.png (more than 89,478,485 pixels)"],
        ),
        (lambda folder: (folder / "pear" / "x.txt").write_text(""), ["pear/x.txt (no PNG or JPEG)"]),
        (lambda folder: (folder / "void").mkdir(), ["void", "0 images", "two or more"]),
        (
            lambda folder: [(folder / "pear" / f"{n}.gif").touch() for n in range(20, 25)],
            ["5 of 41", "pear/22.gif", ", ..."],
        ),
    ],
)
def test_what_cannot_be_used_is_named_and_counted_in_one_line(damage, words, folder):
    damage(folder)
    with pytest.raises(InputError) as error:
        load_folder(folder, 32)
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_a_damaged_tag_of_a_photograph_is_not_worth_a_warning(folder, recwarn):
    exif = Image.Exif()
    exif[0x0112] = 6
    cut = exif.tobytes()[:-6]
    Image.new("RGB", (40, 40)).save(folder / "apple" / "0.JPG", exif=cut)
    load_folder(folder, 32)
    assert not recwarn.list


def test_an_image_that_is_cut_off_is_broken(folder):
    whole = (folder / "apple" / "0.JPG").read_bytes()
    (folder / "apple" / "0.JPG").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"1 of 36 .*apple/0\.JPG \(broken\)"):
        load_folder(folder, 32)


def test_too_few_images_to_share_out_end_in_one_line(tmp_path):
    for name in ("a", "b"):
        for number in range(11):
            draw(tmp_path / name / f"{number}.png", 0)
    with pytest.raises(InputError, match="18 of 22 images are for training; allowed: 20 or more"):
        load_folder(tmp_path, 16)


@pytest.mark.parametrize("classes", [0, 1])
def test_there_must_be_classes(classes, tmp_path):
    for number in range(classes):
        (tmp_path / f"class{number}").mkdir()
    with pytest.raises(InputError, match=f"{classes} sub-folders; it must hold one a class, two or more"):
        load_dataset(source_of(tmp_path))
    with pytest.raises(InputError, match="no such folder"):
        load_dataset(source_of(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("size", "compression", "shape"), [(32, 1 / 16, (8, 8, 3)), (64, 1 / 48, (16, 16, 1)), (32, 0.125, (8, 8, 6))]
)
def test_feature_sizes_follow_from_the_compression(size, compression, shape, folder):
    sizes = source_of(folder, image_size=size, compression=compression).sizes
    assert (sizes.feature_shape, sizes.image_shape, sizes.classes) == (shape, (size, size, 3), 3)
    assert np.prod(shape) == pytest.approx(compression * np.prod(sizes.image_shape))


# EXIF orientation -> how a camera stored what stands upright: the inverse of what a viewer does, by the EXIF standard
# (row 0 of the file is the visual top, right, ...; its column 0 the visual left, top, ...).
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_photographs_are_turned_upright_as_their_exif_orientation_says(orientation, tmp_path):
    """Upright, the top left corner is red, the top right green, the bottom left blue and the bottom right white."""
    upright = np.zeros((48, 64, 3), np.uint8)
    upright[:24, :32, 0] = upright[:24, 32:, 1] = upright[24:, :32, 2] = upright[24:, 32:] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(12):
            stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
            stored.save(tmp_path / name / f"{number}.jpg", exif=exif, quality=95)
    (images, _), _ = loaded(tmp_path, 16)
    corners = images[:, [2, 2, 13, 13], [2, 13, 2, 13]].astype(int)
    expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
    assert np.abs(corners - expected).max() < 40


def test_a_photograph_is_turned_whatever_its_other_tags_are(folder):
    """The unit of the resolution, which the standard has in 16 bits, is in 32: Pillow cannot write it again."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0128] = 6, 2
    strayed = exif.tobytes().replace(b"\x01\x28\x00\x03", b"\x01\x28\x00\x04")
    picture = Image.new("RGB", (40, 40))
    picture.paste((255, 255, 255), (0, 0, 20, 40))
    picture.save(folder / "apple" / "0.JPG", exif=strayed)
    (images, _), (test_images, _) = loaded(folder, 32)
    upright = [image for image in (*images, *test_images) if image[:14].min() > 215 and image[18:].max() < 40]
    assert len(upright) == 1


def test_test_images_go_round_the_classes_until_none_is_left(tmp_path):
    for name, count in (("a", 30), ("b", 60), ("c", 20)):
        for number in range(count):
            draw(tmp_path / name / f"{number:02}.png", (number, 0, 0))
    _, (images, labels) = loaded(tmp_path, 16)
    assert list(labels) == [0, 1, 2] * 3 + [0, 1] * 2 + [1] * 5
    for label in range(3):  # by name in a class, as ever
        assert list(images[labels == label][:, 0, 0, 0]) == sorted(images[labels == label][:, 0, 0, 0])


def test_the_first_ten_test_images_hold_every_class(tmp_path):
    for name in ("a", "b", "c"):
        for number in range(72):
            draw(tmp_path / name / f"{number}.png", 0)
    test = load_dataset(source_of(tmp_path, image_size=16)).test
    assert set(test.labels[:10]) == {0, 1, 2}


def test_images_are_counted_as_they_are_shared_out(folder):
    source = source_of(folder)
    training, test = source.load(None)
    assert (source.training_images(), source.test_images()) == (len(training), len(test)) == (30, 6)


def test_shapes_are_known_where_the_folder_is_not():
    """As of a table that came from another machine."""
    sizes = source_of("nowhere").sizes
    assert (sizes.image_shape, sizes.feature_shape) == ((32, 32, 3), (8, 8, 3))
    with pytest.raises(InputError, match="no such folder"):
        _ = sizes.classes
