"""Files are whole or not there, and places where none can be are refused before there is anything to write."""

import os
import re

import pytest

from diffsem.link import InputError
from diffsem.link.files import check_output_file, check_output_folder, replace_file


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    # The longest name that a file can have.
    path = tmp_path / ("a" * 255)
    replace_file(path, b"first")
    replace_file(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_written_leaves_the_file_as_it_was(error, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"first")

    def fail(descriptor):
        raise error

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(type(error)):
        replace_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_share_a_temporary_file(tmp_path, monkeypatch):
    path, seen = tmp_path / "a", []

    def other(descriptor):
        seen.extend(found.name for found in tmp_path.iterdir())
        monkeypatch.undo()
        replace_file(path, b"other")

    monkeypatch.setattr("os.fsync", other)
    replace_file(path, b"own")
    assert path.read_bytes() == b"own"
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is a folder"),
        (".", "is a folder"),
        ("/", "is a folder"),
        ("folder", "is a folder"),
        ("x" * 300, "File name too long"),
        ("x\0", "null byte"),
        ("pipe", "is a device or pipe"),
        ("/dev/null", "is a device or pipe"),
        ("link", "is a symbolic link; give the file that it points to"),
        ("dangling", "is a symbolic link; give the file that it points to"),
        ("file/r.h5", "cannot be written (File exists)|cannot be written (Not a directory)"),
        ("/proc/r.h5", "cannot be written"),
    ],
)
def test_places_where_no_file_can_be_are_refused_in_one_line(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as error:
        check_output_file(type(tmp_path)(name), "result file")
    assert str(error.value).startswith("result file ")
    assert "\n" not in str(error.value)
    assert any(word in str(error.value) for word in words.split("|"))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["r[/b]", "π $x$", "new/folder/r.h5", "file", "x" * 200])
def test_a_place_for_a_file_is_fine_and_stays_as_it_is(name, tmp_path):
    (tmp_path / "file").write_text("kept")
    check_output_file(tmp_path / name, "result file")
    assert (tmp_path / name).parent.is_dir()
    assert (tmp_path / name).exists() == (name == "file")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("file", "is no folder"),
        ("pipe", "is no folder"),
        ("/dev/null", "is no folder"),
        ("dangling", "cannot be written"),
        ("x" * 300, "File name too long"),
        ("/proc/w", "cannot be written"),
    ],
)
def test_places_where_no_folder_can_be_are_refused_in_one_line(name, words, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere/at/all")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=re.escape(words)) as error:
        check_output_folder(tmp_path / name, "weights folder")
    assert "\n" not in str(error.value)


def test_a_link_to_a_folder_is_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    check_output_folder(tmp_path / "link", "weights folder")
    check_output_folder(tmp_path / "link" / "new", "weights folder")
    assert (tmp_path / "folder" / "new").is_dir()
    assert list((tmp_path / "folder" / "new").iterdir()) == []
