"""STAT and LIST: formats, counts and sizes (RFC 1939 §5, §11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reference_server.backend import StoredMessage
from reference_server.conversation import Steps
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.maildrops import AlteredMaildrop, View, opening, view_of, viewing
from suites.selftest.variants import Handler, found, handled, offering, variant, without

Line = Callable[[int, StoredMessage], str]


def _stat(figures: Callable[[int, int], str]) -> Handler:
    """STAT with another text, made of number and size."""

    def stat(session: Pop3Session, _: None) -> Steps:
        yield session.figures(figures(*session.maildrop.totals()))

    return stat


def _list(line: Line, *, many: Line | None = None) -> Handler:
    """LIST with other scan listings; `many` are those of LIST without an argument."""

    def list_(session: Pop3Session, number: int | None) -> Steps:
        if number is not None:
            yield session.figures(line(number, session.maildrop.message(number)))
            return
        listings = [(many or line)(each, message) for each, message in session.maildrop.remaining().items()]
        yield session.listing(Text.MESSAGES, listings, count=len(listings), octets=0)

    return list_


def _stat_fault(
    slug: str, title: str, requirement: str | tuple[str, ...], handler: Handler, seen_in: str = ""
) -> Fault:
    return Fault(
        f"pop3/listing/stat-{slug}",
        f"STAT {title}",
        (requirement,) if isinstance(requirement, str) else requirement,
        variant(session=viewing(View), commands=handled(STAT=handler)),
        seen_in,
        touches=("STAT", "LIST"),
    )


def _list_fault(slug: str, title: str, requirements: tuple[str, ...], handler: Handler, seen_in: str = "") -> Fault:
    return Fault(
        f"pop3/listing/list-{slug}",
        f"LIST {title}",
        requirements,
        variant(session=viewing(View), commands=handled(LIST=handler)),
        seen_in,
        touches=("LIST",),
    )


# ---- what is wrong --------------------------------------------------------------------------------------------------


def _stat_counting_marked(session: Pop3Session, _: None) -> Steps:
    yield session.figures(f"{len(view_of(session).everything)} {session.maildrop.totals()[1]}")


def _stat_sizing_marked(session: Pop3Session, _: None) -> Steps:
    octets = sum(message.size for message in view_of(session).everything.values())
    yield session.figures(f"{session.maildrop.totals()[0]} {octets}")


def _refused_when_empty(handler: Handler) -> Handler:
    def refusing(session: Pop3Session, argument: object) -> Steps:
        if not session.maildrop.remaining():
            raise CommandRefused(Text.NO_SUCH_MESSAGE)
        yield from handler(session, argument)

    return refusing


def _list_one_as_many(session: Pop3Session, number: int | None) -> Steps:
    chosen = session.maildrop.remaining() if number is None else {number: session.maildrop.message(number)}
    yield session.listing(Text.MESSAGES, [f"{each} {one.size}" for each, one in chosen.items()], count=1, octets=0)


def _list_ignoring_number(session: Pop3Session, _: int | None) -> Steps:
    yield from found("LIST").handler(session, None)


def _list_all_on_one_line(session: Pop3Session, number: int | None) -> Steps:
    listings = [f"{each} {one.size}" for each, one in session.maildrop.remaining().items()]
    yield from found("LIST").handler(session, number) if number else iter([session.figures(" ".join(listings))])


def _list_with(everything: Callable[[Pop3Session], dict[int, StoredMessage]]) -> Handler:
    """LIST without an argument lists other messages."""

    def list_(session: Pop3Session, number: int | None) -> Steps:
        if number is not None:
            yield from found("LIST").handler(session, number)
            return
        chosen = everything(session)
        yield session.listing(Text.MESSAGES, [f"{n} {one.size}" for n, one in chosen.items()], count=1, octets=0)

    return list_


def _all_but_the_last(session: Pop3Session) -> dict[int, StoredMessage]:
    remaining = session.maildrop.remaining()
    return dict(list(remaining.items())[:-1]) if len(remaining) > 1 else remaining


def _with_one_more(session: Pop3Session) -> dict[int, StoredMessage]:
    """As a loop that ends one too late; the last message once more."""
    remaining = session.maildrop.remaining()
    last = max(remaining, default=0)
    return {**remaining, last + 1: remaining[last]} if remaining else {}


def _marked_as_empty(session: Pop3Session) -> dict[int, StoredMessage]:
    """Marked messages stay in the list, with size 0."""
    remaining = session.maildrop.remaining()
    return {
        number: message if number in remaining else replace(message, size=0)
        for number, message in view_of(session).everything.items()
    }


def _renumbered(session: Pop3Session) -> dict[int, StoredMessage]:
    return dict(enumerate(session.maildrop.remaining().values(), start=1))


# ---- sizes ----------------------------------------------------------------------------------------------------------


def _numbered_from_zero(session: Pop3Session) -> dict[int, StoredMessage]:
    return {number - 1: message for number, message in session.maildrop.remaining().items()}


def _once(handler: Handler, key: str, otherwise: str) -> Handler:
    """The command tells what is new since it was given last, which is nothing."""

    def once(session: Pop3Session, number: int | None) -> Steps:
        if number is not None or not session.__dict__.get(key):
            session.__dict__[key] = number is None
            yield from handler(session, number)
        elif otherwise:
            yield session.figures(otherwise)
        else:
            yield session.listing(Text.MESSAGES, [], count=0, octets=0)

    return once


def _sized(slug: str, title: str, size: Callable[[bytes], int], seen_in: str, *more: str) -> Fault:
    """All sizes, of STAT and LIST alike, are measured in another way, on a server without UTF8: RFC 6856 §2.1 has
    a weaker rule for one with it."""

    class Mismeasured(AlteredMaildrop):
        def shown(self, message: StoredMessage) -> StoredMessage:
            return replace(message, size=size(self.inner.read(message)))

    return Fault(
        f"pop3/listing/sizes-{slug}",
        f"Sizes {title}",
        ("RFC1939-5.LIST-g", *more),
        variant(maildrops=opening(Mismeasured), commands=without("UTF8"), capabilities=offering(UTF8=None)),
        seen_in,
        touches=("LIST", "STAT"),
    )


def _stuffed(data: bytes) -> int:
    return len(data) + (data[:1] == b".") + data.count(b"\r\n.")


def _body_only(data: bytes) -> int:
    return len(data.partition(b"\r\n\r\n")[2])


FAULTS: tuple[Fault, ...] = (
    _stat_fault(
        "names-its-units",
        "names its units: 2 messages 240 octets",
        "RFC1939-5.STAT-b",
        _stat(lambda count, octets: f"{count} messages {octets} octets"),
    ),
    _stat_fault(
        "has-two-spaces",
        "puts two spaces before the size",
        "RFC1939-5.STAT-b",
        _stat(lambda count, octets: f"{count}  {octets}"),
    ),
    _stat_fault("has-no-size", "gives the number alone", "RFC1939-5.STAT-b", _stat(lambda count, octets: f"{count}")),
    _stat_fault(
        "swaps-its-numbers",
        "gives the size first",
        "RFC1939-5.STAT-b",
        _stat(lambda count, octets: f"{octets} {count}"),
    ),
    _stat_fault(
        "counts-one-too-few",
        "counts one too few",
        "RFC1939-5.STAT-c",
        _stat(lambda count, octets: f"{max(0, count - 1)} {octets}"),
    ),
    _stat_fault(
        "counts-from-one",
        "counts one message in an empty maildrop",
        "RFC1939-5.STAT-c",
        _stat(lambda count, octets: f"{max(1, count)} {octets}"),
    ),
    _stat_fault(
        "is-refused-when-empty",
        "is refused in an empty maildrop",
        "RFC1939-5.STAT-c",
        _refused_when_empty(found("STAT").handler),
    ),
    _stat_fault(
        "is-in-kibibytes",
        "gives its size in KiB",
        "RFC1939-5.STAT-d",
        _stat(lambda count, octets: f"{count} {octets // 1024}"),
    ),
    _stat_fault(
        "size-is-one-off", "is an octet short", "RFC1939-5.STAT-d", _stat(lambda count, octets: f"{count} {octets + 1}")
    ),
    _stat_fault(
        "says-more",
        "says more after the size",
        "RFC1939-5.STAT-e",
        _stat(lambda count, octets: f"{count} {octets} octets"),
    ),
    _stat_fault(
        "counts-marked-messages",
        "counts marked messages",
        "RFC1939-5.STAT-g",
        _stat_counting_marked,
        "Twisted #9094, Stalwart",
    ),
    _stat_fault("sizes-marked-messages", "adds up marked messages", "RFC1939-5.STAT-g", _stat_sizing_marked),
    _stat_fault(
        "is-hexadecimal",
        "writes its size in hexadecimal",
        ("RFC1939-4-m", "RFC1939-5.STAT-b"),
        _stat(lambda count, octets: f"{count} {octets:x}"),
    ),
    _list_fault("one-is-multi-line", "n is a multi-line response", ("RFC1939-5.LIST-c",), _list_one_as_many),
    _list_fault(
        "ignores-its-number", "ignores its number", ("RFC1939-5.LIST-c",), _list_ignoring_number, "Mailpit #518"
    ),
    _list_fault("is-one-line", "puts all messages on one line", ("RFC1939-5.LIST-d",), _list_all_on_one_line),
    _list_fault(
        "forgets-the-last", "leaves the last message out", ("RFC1939-5.LIST-d",), _list_with(_all_but_the_last)
    ),
    _list_fault("has-one-more", "lists one message too many", ("RFC1939-5.LIST-d",), _list_with(_with_one_more)),
    _list_fault(
        "is-refused-when-empty",
        "is refused in an empty maildrop",
        ("RFC1939-5.LIST-e",),
        _refused_when_empty(found("LIST").handler),
    ),
    _list_fault(
        "shows-marked-messages",
        "lists marked messages",
        ("RFC1939-5.LIST-j",),
        _list_with(lambda session: view_of(session).everything),
        "Twisted #9094, Stalwart, POP3Listener #9",
    ),
    _list_fault(
        "shows-marked-messages-as-empty",
        "lists marked messages with size 0",
        ("RFC1939-5.LIST-j",),
        _list_with(_marked_as_empty),
    ),
    _list_fault(
        "renumbers",
        "numbers the messages that are left anew",
        ("RFC1939-5.LIST-j", "RFC1939-4-l"),
        _list_with(_renumbered),
    ),
    _list_fault(
        "has-two-spaces",
        "puts two spaces between number and size",
        ("RFC1939-5.LIST-f",),
        _list(lambda number, message: f"{number}  {message.size}"),
    ),
    _list_fault(
        "names-its-units",
        "writes the unit before the size",
        ("RFC1939-5.LIST-f",),
        _list(lambda number, message: f"{number} size {message.size}"),
    ),
    _list_fault(
        "says-more",
        "writes the unit after the size",
        ("RFC1939-5.LIST-h",),
        _list(lambda number, message: f"{number} {message.size} octets"),
    ),
    _list_fault(
        "is-hexadecimal",
        "writes sizes in hexadecimal",
        ("RFC1939-4-m", "RFC1939-5.LIST-g"),
        _list(lambda number, message: f"{number} {message.size:x}"),
    ),
    _list_fault(
        "pads-numbers",
        "pads sizes with zeros",
        ("RFC1939-5.LIST-g",),
        _list(lambda number, message: f"{number} {message.size}0"),
    ),
    _list_fault(
        "one-is-the-next",
        "n gives the scan listing of another number",
        ("RFC1939-5.LIST-c",),
        _list(lambda number, message: f"{number + 1} {message.size}", many=lambda n, one: f"{n} {one.size}"),
    ),
    _list_fault("counts-from-zero", "numbers messages from 0", ("RFC1939-4-k",), _list_with(_numbered_from_zero)),
    _list_fault(
        "tells-news",
        "lists nothing when it is given again",
        ("RFC1939-5-a",),
        _once(found("LIST").handler, "listed", ""),
    ),
    _stat_fault(
        "tells-news",
        "counts nothing when it is given again",
        "RFC1939-5-a",
        _once(found("STAT").handler, "counted", "0 0"),
    ),
    _sized(
        "count-line-ends-as-one",
        "count a line end as one octet",
        lambda data: len(data) - data.count(b"\r\n"),
        "Exchange, and many that store LF",
        "RFC1939-11-a",
    ),
    _sized("are-rounded", "are rounded up to 1024 octets", lambda data: -(-len(data) // 1024) * 1024, "OpenMail"),
    _sized("count-stuffing", "count the dots that stuffing adds", _stuffed, "", "RFC1939-11-b"),
    _sized("leave-the-header-out", "are those of the body", _body_only, "MailMax"),
    _sized("count-the-final-dot", "count the final dot line", lambda data: len(data) + 3, ""),
)
