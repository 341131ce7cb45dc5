"""Suite: what the suites bring along for a run, since the harness never imports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.corpus import Corpus
from harness.normalise.imap_rules import RULES as IMAP_RULES
from harness.normalise.pop3 import RULES as POP3_RULES
from harness.normalise.rules import RuleSet
from harness.normalise.smtp import RULES as SMTP_RULES
from harness.requirements.model import Requirement

#: Every rule that a run uses.
RULES = RuleSet((*POP3_RULES, *IMAP_RULES, *SMTP_RULES))


@dataclass(frozen=True, slots=True)
class Suite:
    """The requirement catalogue by id, and the maker of corpus messages."""

    requirements: Mapping[str, Requirement]
    corpus: Corpus
