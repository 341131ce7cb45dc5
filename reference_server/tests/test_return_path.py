from __future__ import annotations

import pytest

from reference_server.store.return_path import return_path, with_return_path, without_return_path


def test_the_field_in_front_and_the_rest_untouched() -> None:
    message = b"A: b\r\n\r\n\x00\xff\n.\r"
    assert with_return_path(message, "a@b") == b"Return-Path: <a@b>\r\n" + message


def test_the_null_path() -> None:
    assert return_path("") == b"Return-Path: <>\r\n"


def test_an_internationalized_path() -> None:
    assert return_path("b\u00fccher@b\u00fccher.test") == "Return-Path: <b\u00fccher@b\u00fccher.test>\r\n".encode()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"Return-Path: <x@y>\r\nA: b\r\n\r\nbody", b"A: b\r\n\r\nbody"),
        (b"A: b\r\nrETURN-pATH : <x@y>\r\n\tfolded\r\n more\r\nC: d\r\n", b"A: b\r\nC: d\r\n"),
        (b"Return-Path: <x>\r\nReturn-Path: <y>\r\n", b""),
        (b"A: b\r\n Return-Path: folded\r\n", b"A: b\r\n Return-Path: folded\r\n"),
        (b"\r\nReturn-Path: <body>\r\n", b"\r\nReturn-Path: <body>\r\n"),
        (b"no header\r\nReturn-Path: <x>\r\n", b"no header\r\nReturn-Path: <x>\r\n"),
        (b"A: b\nReturn-Path: <x>\r\n\r\n", b"A: b\nReturn-Path: <x>\r\n\r\n"),
        (b"Return-Paths: <x>\r\n\r\n", b"Return-Paths: <x>\r\n\r\n"),
        (b"Return-Path: no line end", b"Return-Path: no line end"),
        (b"", b""),
    ],
)
def test_a_return_path_that_came_along_is_removed(message: bytes, expected: bytes) -> None:
    assert without_return_path(message) == expected
