"""Commands of a sending client as text; the whole of them is seen in test_queue_client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.queue.commands import encoded, original_recipient, utf8_address, xtext
from reference_server.smtp.xtext import decode_utf8_address, decode_xtext


def test_what_has_to_be_escaped() -> None:
    assert xtext("rfc822") == "rfc822"
    assert xtext("a+b=c d") == "a+2Bb+3Dc+20d"
    assert utf8_address("\u00e4+b@c") == "\\x{E4}\\x{2B}b@c"
    assert original_recipient("rfc822;a+b@c") == "rfc822;a+2Bb@c"
    assert original_recipient("UTF-8;a+b@c") == "UTF-8;a\\x{2B}b@c"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_what_is_encoded_is_decoded_by_the_receiver(text: str) -> None:
    assert decode_xtext(xtext(text)) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_addresses_that_are_not_ascii_as_well(text: str) -> None:
    encoded_text = utf8_address(text)
    assert encoded_text.isascii()
    assert decode_utf8_address(encoded_text) == text


@pytest.mark.parametrize("line", ["RCPT TO:<a@b>\r\nDATA", "NOOP\n", "NOOP\r"])
def test_no_command_can_be_smuggled_in(line: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        encoded(line)
