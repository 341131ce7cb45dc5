"""The differences between IMAP answers that the RFCs permit, as named rules that cite their clause."""

from __future__ import annotations

from collections.abc import Callable

from harness.normalise.imap_body import erased_alike
from harness.normalise.rules import Difference, Rule
from harness.verdicts import Facet

_Licence = Callable[[Difference], bool]

_STRUCTURES = ("FETCH BODYSTRUCTURE", "FETCH BODY")


def _part(*parts: str, facet: Facet = Facet.DATA) -> _Licence:
    """True for a difference in one of these parts (a name that ends in a space: in any part that begins so)."""

    def licenses(difference: Difference) -> bool:
        if difference.protocol != "imap" or difference.facet is not facet:
            return False
        return any(
            difference.part == part or (part.endswith(" ") and difference.part.startswith(part)) for part in parts
        )

    return licenses


def _one_sided(licence: _Licence) -> _Licence:
    """Only where one side has the part and the other has not."""
    return lambda difference: licence(difference) and (difference.target is None) is not (difference.oracle is None)


def _structure(what: str) -> _Licence:
    at = _part(*_STRUCTURES)
    return lambda difference: at(difference) and erased_alike(what, difference.target, difference.oracle)


def _no_or_bad(difference: Difference) -> bool:
    both = {difference.target, difference.oracle} if difference.facet is Facet.STATUS else set()
    return difference.protocol == "imap" and both == {"NO", "BAD"}


def _read_only(difference: Difference) -> bool:
    """A change that one side refused and the other passed over; both answers were expected, or this is not asked."""
    if difference.protocol != "imap" or difference.facet is not Facet.STATUS:
        return False
    return difference.verb in {"STORE", "UID STORE", "EXPUNGE", "UID EXPUNGE"}


def _any_code(difference: Difference) -> bool:
    return difference.protocol == "imap" and difference.facet is Facet.CODE


def _untagged_code(difference: Difference) -> bool:
    """A code of an untagged status response that only one side gave."""
    coded = difference.facet is Facet.DATA and difference.part.startswith("[")
    return difference.protocol == "imap" and coded and (difference.target is None) is not (difference.oracle is None)


def _unasked_items(difference: Difference) -> bool:
    """FLAGS, UID or MODSEQ of messages that only one side told of; what both told is the same."""
    if not _part("FETCH FLAGS", "FETCH UID", "FETCH MODSEQ")(difference):
        return False
    ours, theirs = difference.target or {}, difference.oracle or {}
    return all(ours[number] == theirs[number] for number in ours.keys() & theirs.keys())


def _unasked_size(difference: Difference) -> bool:
    """EXISTS and RECENT where the command did not ask for them."""
    opens = difference.verb in ("SELECT", "EXAMINE")
    return not opens and _one_sided(_part("EXISTS", "RECENT", facet=Facet.VIEW))(difference)


RULES: tuple[Rule, ...] = (
    Rule(
        "imap-no-or-bad",
        "RFC 3501 §3",
        "A command that is not valid where it is given may be refused with BAD or with NO.",
        _no_or_bad,
    ),
    Rule(
        "imap-read-only-refusal",
        "RFC 3501 §6.3.2",
        "What would change a mailbox that is selected read-only may be refused, or completed without a change.",
        _read_only,
    ),
    Rule(
        "imap-response-code",
        "RFC 3501 §7.1",
        "A response code may stand in a status response or not, unless a clause asks for a particular one.",
        _any_code,
    ),
    Rule(
        "imap-untagged-code",
        "RFC 3501 §7.1",
        "Codes of untagged status responses may be given beyond those that a clause asks for.",
        _untagged_code,
    ),
    Rule(
        "imap-permanent-flags",
        "RFC 3501 §7.1",
        "Each server says which flags can be changed permanently, and whether keywords can be made.",
        _part("[PERMANENTFLAGS]"),
    ),
    Rule(
        "imap-flags",
        "RFC 3501 §7.2.6",
        "Which flags a mailbox has beside those that must be there is each server's own.",
        _part("FLAGS"),
    ),
    Rule(
        "imap-capabilities",
        "RFC 3501 §7.2.1",
        "Each server announces the capabilities that it has, where it likes.",
        _part("CAPABILITY", "ENABLED", "[CAPABILITY]"),
    ),
    Rule(
        "imap-unasked-size",
        "RFC 3501 §5.2",
        "EXISTS and RECENT may be sent at any time, changed or not.",
        _unasked_size,
    ),
    Rule(
        "imap-recent",
        "RFC 3501 §2.3.2",
        "Which session is told that a message is recent depends on which was notified first.",
        _part("RECENT", "[RECENT]", facet=Facet.VIEW),
    ),
    Rule(
        "imap-unasked-flags",
        "RFC 3501 §7.4.2",
        "A FETCH response with FLAGS, UID or MODSEQ may come unasked, or hold them beside what was asked for.",
        _unasked_items,
    ),
    Rule(
        "imap-bodystructure-charset",
        "RFC 2045 §5.2",
        "The default parameter CHARSET=US-ASCII of TEXT/PLAIN may be shown or not.",
        _structure("charset"),
    ),
    Rule(
        "imap-bodystructure-parameter-order",
        "RFC 2045 §5.1",
        "The order of parameters has no meaning.",
        _structure("order"),
    ),
    Rule(
        "imap-bodystructure-extension-data",
        "RFC 3501 §7.4.2",
        "Extension data may be left out from its end.",
        _structure("extension"),
    ),
    Rule(
        "imap-bodystructure-encoding",
        "RFC 2045 §6.1",
        "The name of a transfer encoding has no case.",
        _structure("case"),
    ),
    Rule(
        "imap-bodystructure-identity",
        "RFC 2045 §6.2",
        "7BIT, 8BIT and BINARY all say that nothing was encoded; which of them it is, cases about encodings ask.",
        _structure("identity"),
    ),
    Rule(
        "imap-empty-subject",
        "RFC 3501 §7.4.2",
        "An envelope member whose field is there and empty may be the empty string or NIL.",
        lambda difference: (
            _part("FETCH ENVELOPE")(difference) and _emptied(difference.target) == _emptied(difference.oracle)
        ),
    ),
    Rule(
        "imap-binary-of-the-whole",
        "RFC 3516 §4.2",
        "What decoding does to a message as a whole, whose header tells its encoding, is not stated.",
        _part("BINARY[]", facet=Facet.CONTENT),
    ),
    Rule(
        "imap-id-of-an-empty-list",
        "RFC 2971 §4",
        "Whether a list without a field is a list is told in a notation that takes both.",
        lambda difference: _part("", facet=Facet.STATUS)(difference) and difference.verb == "ID",
    ),
    Rule(
        "imap-delete-with-inferiors",
        "RFC 3501 §6.3.4",
        "DELETE of a mailbox that has others below it may be refused.",
        lambda difference: _part("", facet=Facet.STATUS)(difference) and difference.verb == "DELETE",
    ),
    Rule(
        "imap-levels",
        "RFC 3501 §6.3.3",
        "Levels above a mailbox may be made with it, or be levels alone.",
        lambda difference: (
            _part("LIST")(difference) and _selectable(difference.target) == _selectable(difference.oracle)
        ),
    ),
    Rule(
        "imap-untagged-bad",
        "RFC 3501 §7.1.3",
        "An untagged BAD or NO may come at any time.",
        _one_sided(_part("BAD", "NO")),
    ),
    Rule("imap-id", "RFC 2971 §3", "What a server says of itself is its own.", _part("ID")),
    Rule(
        "imap-namespace",
        "RFC 2342 §5",
        "Each server has the namespaces and delimiters that it has.",
        _part("NAMESPACE"),
    ),
    Rule(
        "imap-quota",
        "RFC 9208 §3",
        "Quota roots and what they limit are each server's own.",
        _part("QUOTA", "QUOTAROOT"),
    ),
    Rule(
        "imap-no-such-search",
        "RFC 3501 §7.2.5",
        "A search that finds nothing may be answered by an empty SEARCH.",
        lambda difference: _part("SEARCH")(difference) and not difference.target and not difference.oracle,
    ),
)


def _selectable(listed: object) -> object:
    r"""Listed names without \\Noselect."""
    if not isinstance(listed, list):
        return listed
    return [[[flag for flag in each[0] if flag != "\\NOSELECT"], *each[1:]] for each in listed]


def _emptied(value: object) -> object:
    """The value with NIL for each empty string."""
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    return None if value == '"' else value
