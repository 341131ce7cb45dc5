from hypothesis import given
from hypothesis import strategies as st

from reports.visible import shortened, tokens, visible_octets, visible_quote, visible_text


def test_the_four_controls_are_symbols_and_other_octets_are_hexadecimal() -> None:
    assert visible_octets("+OK\r\n\0\x1b[31m") == "+OK␍␊␀␛[31m"
    assert visible_octets("\t\x7f\x80\xff") == "\\x09\\x7f\\x80\\xff"


def test_a_spelt_out_escape_is_not_taken_for_an_octet() -> None:
    assert visible_octets("\\x41") != visible_octets("A")
    assert visible_octets("\\x80") != visible_octets("\x80")
    assert visible_octets("(\\Seen)") == "(\\Seen)"


@given(st.lists(st.integers(0, 255), max_size=40), st.lists(st.integers(0, 255), max_size=40))
def test_different_octets_look_different(one: list[int], other: list[int]) -> None:
    left, right = ("".join(map(chr, octets)) for octets in (one, other))
    assert (visible_octets(left) == visible_octets(right)) == (left == right)


@given(st.text())
def test_nothing_unprintable_survives(text: str) -> None:
    for visible in (visible_text(text), visible_octets(text), visible_quote(text)):
        assert visible.isprintable()
        visible.encode()
    assert visible_text(text, lines=True).replace("\n", "").isprintable()


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_tokens_are_the_octets_in_order(data: str) -> None:
    found = tokens(data)
    assert "".join(token.text for token in found if not token.control).isprintable()
    assert visible_octets("".join(token.text for token in found)).replace("\\x5cx", "\\x") == visible_octets(
        data
    ).replace("\\x5cx", "\\x")


def test_bidi_marks_and_surrogates_are_spelt_out() -> None:
    assert visible_text("a\u202eb\u2066c\ud800") == "a\\u{202e}b\\u{2066}c\\u{d800}"
    assert visible_text("Grüße, мир") == "Grüße, мир"


def test_lines_stay_lines_where_asked() -> None:
    assert visible_text("one\r\ntwo\n\tthree", lines=True) == "one\ntwo\n\\x09three"
    assert visible_text("one\ntwo") == "one␊two"


def test_a_quote_that_was_escaped_already_stays_as_it_is() -> None:
    assert visible_quote("\\x80 é ␍␊") == "\\x80 \\xe9 ␍␊"
    assert visible_quote("cut\u2026 \u202e") == "cut\u2026 \\u{202e}"


def test_shortened_text_says_how_much_is_gone() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcdef", 3) == "abc… (3 more characters)"
