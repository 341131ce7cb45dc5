"""The MIME corpus: messages that say what FETCH must show of them, and malformed ones.

`MAILS` are the first, by kind; the structure of `BROKEN` ones is the server's choice.
"""

from __future__ import annotations

from collections.abc import Mapping

from suites.corpus.mime_envelopes import ENVELOPES
from suites.corpus.mime_malformed import MALFORMED, Malformed
from suites.corpus.mime_pieces import MailKind
from suites.corpus.mime_structures import STRUCTURES
from suites.corpus.mime_tree import Mail

MAILS: Mapping[str, MailKind] = {**STRUCTURES, **ENVELOPES}
BROKEN: Mapping[str, Malformed] = MALFORMED
#: Kinds that only a protocol which takes messages apart has to do with.
MIME_KINDS = frozenset({*MAILS, *BROKEN, "mime-thousand-levels", "mime-ten-thousand-parts"})


def mail(kind: str, number: int = 1) -> Mail:
    """The n-th message of a kind, with what it says of itself. Raises KeyError for any other kind."""
    return MAILS[kind].mail(kind, number)
