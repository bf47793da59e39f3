"""What is shown of a text from outside."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from diffsem.link.escaping import escaped


def test_orders_to_the_terminal_are_written_out():
    assert escaped("a\x1b[2Jb\nc\r\x00") == r"a\x1b[2Jb\nc\r\x00"
    assert escaped("\u202eevil \x9b31m") == r"\u202eevil \x9b31m"


def test_words_stay_as_they_are():
    assert escaped("Prüfung [/bold] 試験 50 %") == "Prüfung [/bold] 試験 50 %"


@given(st.text())
def test_nothing_that_is_shown_moves_the_cursor(text):
    assert not any(unicodedata.category(character)[0] == "C" for character in escaped(text))
