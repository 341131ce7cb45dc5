from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.subject import base_subject


@pytest.mark.parametrize(
    ("value", "text", "is_reply"),
    [
        (None, "", False),
        (b"", "", False),
        (b"   ", "", False),
        (b"hello", "hello", False),
        (b"a\t b \r\n  c", "a b c", False),
        (b"Re: hello", "hello", True),
        (b"RE :hello", "hello", True),
        (b"Fw: hello", "hello", True),
        (b"FWD:  hello", "hello", True),
        (b"re:Re: fwd: hello", "hello", True),
        (b"Re[2]: hello", "hello", True),
        (b"re [a b] : hello", "hello", True),
        (b"Re[2: hello", "Re[2: hello", False),
        (b"regarding: hello", "regarding: hello", False),
        (b"Re hello", "Re hello", False),
        (b"Aw: hello", "Aw: hello", False),
        (b"[list] hello", "hello", False),
        (b"[list] Re: [other] hello", "hello", True),
        (b"[a][b] [c] hello", "hello", False),
        (b"[list]", "[list]", False),
        (b"[a] [b]", "[b]", False),
        (b"Re: [list]", "[list]", True),
        (b"[list [nested]] hello", "[list [nested]] hello", False),
        (b"hello (fwd)", "hello", True),
        (b"hello (FWD) (fwd)  ", "hello", True),
        (b"(fwd)", "", True),
        (b"hello (fwd) there", "hello (fwd) there", False),
        (b"[Fwd: hello]", "hello", True),
        (b"[fwd: Re: [list] hello (fwd)]", "hello", True),
        (b"[FWD: [fwd: hello]]", "hello", True),
        (b"Re: [fwd: hello] (fwd)", "hello", True),
        (b"[fwd: hello", "[fwd: hello", False),
        (b"[fwd: hello] there", "there", False),
        (b"[fwd:]", "", True),
        (b"Re:", "", True),
        (b"=?utf-8?q?Re=3A_caf=C3=A9?=", "café", True),
        (b"=?utf-8?b?UmU6?= hello", "hello", True),
    ],
)
def test_base_subjects(value: bytes | None, text: str, is_reply: bool) -> None:
    assert base_subject(value) == (text, is_reply)


_PIECE = st.sampled_from(["re:", "Fwd:", "[a]", "[fwd:", "]", "(fwd)", " ", "x", "[", "re", "[b] "])


@given(st.lists(_PIECE, max_size=12))
def test_a_base_subject_is_its_own_but_for_a_reply_in_what_is_left(pieces: list[str]) -> None:
    once = base_subject("".join(pieces).encode())
    again = base_subject(once.text.encode())
    assert again == (once.text, False)


@pytest.mark.parametrize("piece", [b"[a]", b"re:", b"[fwd:", b"(fwd)", b"[", b" ", b"re [", b"]", b"=?a?q?"])
def test_time_grows_with_the_subject(piece: bytes) -> None:
    started = time.process_time()
    base_subject(piece * 15_000)
    base_subject(b"x" + piece * 15_000 + b"]" * 15_000)
    assert time.process_time() - started < 5  # what grows with the square takes minutes
