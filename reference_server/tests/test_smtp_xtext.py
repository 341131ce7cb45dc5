from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reference_server.smtp.xtext import decode_utf8_address, decode_xtext


def encode_xtext(text: str) -> str:
    return "".join(char if "!" <= char <= "~" and char not in "+=" else f"+{ord(char):02X}" for char in text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_xtext_comes_out_again(text: str) -> None:
    assert decode_xtext(encode_xtext(text)) == text


def test_what_is_no_xtext() -> None:
    for bad in ("a b", "a=b", "+2", "+2g", "+2b", "+", "é", "\x7f", "+7F", "+80", "+0A"):
        assert decode_xtext(bad) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_address_in_utf8_comes_out_of_both_encodings(text: str) -> None:
    def embedded(char: str) -> str:
        return f"\\x{{{ord(char):02X}}}"

    xtext = "".join(char if "!" <= char <= "~" and char not in "\\+=" else embedded(char) for char in text)
    unitext = "".join(
        char if char > "\x7f" or ("!" <= char <= "~" and char not in "\\+=") else embedded(char) for char in text
    )
    assert decode_utf8_address(xtext) == text
    assert decode_utf8_address(unitext) == text


def test_what_is_no_encoded_address() -> None:
    for bad in ("", "a b", "a+b", "a=b", "\\", "\\x{}", "\\x{D800}", "\\x{110000}", "\\x{fc}", "\udc80"):
        assert decode_utf8_address(bad) is None
