"""Text from outside in a message."""

from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import shortened


@given(st.text(max_size=200))
def test_a_text_keeps_its_beginning_and_is_never_long(text):
    short = shortened(text)
    assert len(short) <= 80
    assert short == text or (len(text) > 80 and short == text[:77] + "...")
    assert (short == text) == (len(text) <= 80)
