"""Colours are checked against WCAG 2.1 §1.4.3: text needs a contrast of 4.5 to 1 at least, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[1] / "templates" / "style.css").read_text("utf-8")
TONES = ("deviates", "warns", "review", "varies", "conforms", "apart", "lost")
PAIRS = [
    *((tone, f"{tone}-soft") for tone in TONES),
    *((tone, ground) for tone in TONES for ground in ("bg", "surface")),
    *(("text", ground) for ground in ("bg", "surface", "sunk", "first", *(f"{tone}-soft" for tone in TONES))),
    *(("muted", ground) for ground in ("bg", "surface", "sunk", "first")),
    *(("accent", ground) for ground in ("bg", "surface", "first", "deviates-soft", "warns-soft")),
    *(("control", ground) for ground in ("bg", "surface", "first")),
    *(("sent", ground) for ground in ("surface", "first")),
    ("mark-text", "mark"),
]


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of a colour scheme; dark redefines those of light."""
    blocks = re.findall(r":root {(.*?)}", STYLE, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks[:2])
    return light if scheme == "light" else light | dark


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    found = colours(scheme)
    too_faint = []
    for text, ground in PAIRS:
        brighter, darker = sorted((luminance(found[text]), luminance(found[ground])), reverse=True)
        ratio = (brighter + 0.05) / (darker + 0.05)
        if ratio < 4.5:
            too_faint.append(f"{text} on {ground}: {ratio:.2f}")
    assert too_faint == []


def test_dark_redefines_every_colour() -> None:
    light, dark = colours("light"), colours("dark")
    assert len(light) > 20
    assert [name for name in light if light[name] == dark[name]] == []
