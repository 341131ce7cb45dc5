"""Rules of the commands that concern mailboxes: RFC 3501 §6.3 without APPEND, LIST-EXTENDED, QRESYNC, QUOTA."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from reference_server.imap import commands
from reference_server.imap.commands import ListReturn, ListSelection, QuickResync, StatusItem
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.flags import canonical_use
from reference_server.imap.names import DELIMITER, MailboxName, UnusableName, canonical_pattern, decoded
from reference_server.imap.tokens import NUMBER_64, Cursor

E = TypeVar("E", bound=Enum)


def _mailbox(cursor: Cursor) -> MailboxName:
    """`SP mailbox`."""
    cursor.space()
    return cursor.mailbox()


def _member(options: type[E], name: str) -> E:
    """The option of that name."""
    try:
        return options(name)
    except ValueError:
        raise SyntaxFault("unknown option or item") from None


# select = "SELECT" SP mailbox [select-params]                                                  (RFC 4466 §3)
def select(cursor: Cursor, tag: str) -> commands.Select:
    """SELECT."""
    return _opening(cursor, tag, read_only=False)


# examine = "EXAMINE" SP mailbox [select-params]
def examine(cursor: Cursor, tag: str) -> commands.Select:
    """EXAMINE."""
    return _opening(cursor, tag, read_only=True)


# select-params = SP "(" select-param *(SP select-param) ")"
# select-param =/ "CONDSTORE" / "QRESYNC" SP "(" ... ")"
def _opening(cursor: Cursor, tag: str, *, read_only: bool) -> commands.Select:
    mailbox = _mailbox(cursor)
    parameters: dict[str, QuickResync | None] = {}
    if cursor.dialect.knows("CONDSTORE") and cursor.accept(b" "):
        found = cursor.parenthesized(lambda: _select_parameter(cursor))
        parameters = dict(found)
        if len(parameters) != len(found):
            raise SyntaxFault("a parameter occurs twice")
    return commands.Select(tag, mailbox, read_only, "CONDSTORE" in parameters, parameters.get("QRESYNC"))


def _select_parameter(cursor: Cursor) -> tuple[str, QuickResync | None]:
    name = cursor.label()
    if name == "CONDSTORE":
        return name, None
    # [RFC7162 §3.2.5] The parameter needs ENABLE QRESYNC first.
    if name != "QRESYNC" or "QRESYNC" not in cursor.dialect.enabled:
        raise SyntaxFault("unknown parameter, or not enabled")
    cursor.space()
    return name, _quick_resync(cursor)


# "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"                 (RFC 7162 §7)
def _quick_resync(cursor: Cursor) -> QuickResync:
    cursor.require(b"(")
    validity = cursor.nz_number()
    cursor.space()
    mod_sequence = cursor.mod_sequence()
    known_uids = known_numbers = uids_of_numbers = None
    more = cursor.accept(b" ")
    if more and not cursor.next_is(b"("):
        known_uids = cursor.sequence_set(saved_result=False, star=False)
        more = cursor.accept(b" ")
    # seq-match-data = "(" known-sequence-set SP known-uid-set ")"
    if more:
        cursor.require(b"(")
        known_numbers = cursor.sequence_set(saved_result=False, star=False)
        cursor.space()
        uids_of_numbers = cursor.sequence_set(saved_result=False, star=False)
        cursor.require(b")")
    cursor.require(b")")
    return QuickResync(validity, mod_sequence, known_uids, known_numbers, uids_of_numbers)


# create = "CREATE" SP mailbox [create-params]       create-params = SP "(" create-param *( SP create-param) ")"
def create(cursor: Cursor, tag: str) -> commands.Create:
    """CREATE. A delimiter at the end announces children and is no part of the name (RFC 3501 §6.3.3)."""
    cursor.space()
    octets = cursor.astring()
    for_children = len(octets) > 1 and octets.endswith(DELIMITER.encode())
    mailbox = cursor.mailbox_of(octets[:-1] if for_children else octets)
    uses: list[str] = []
    if cursor.dialect.knows("CREATE-SPECIAL-USE") and cursor.accept(b" "):
        cursor.require(b"(")
        uses = _special_uses(cursor)
        cursor.require(b")")
    return commands.Create(tag, mailbox, for_children, tuple(dict.fromkeys(uses)))


# create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"                                    (RFC 6154 §6)
def _special_uses(cursor: Cursor) -> list[str]:
    if cursor.label() != "USE":
        raise SyntaxFault("unknown parameter")
    cursor.space()
    return cursor.parenthesized(lambda: _special_use(cursor), least=0)


def _special_use(cursor: Cursor) -> str:
    attribute = cursor.flag().decode("ascii")
    if not attribute.startswith("\\"):
        raise SyntaxFault("special use expected")
    return canonical_use(attribute)


def delete(cursor: Cursor, tag: str) -> commands.Delete:
    """`"DELETE" SP mailbox`."""
    return commands.Delete(tag, _mailbox(cursor))


def rename(cursor: Cursor, tag: str) -> commands.Rename:
    """`"RENAME" SP mailbox SP mailbox`."""
    source = _mailbox(cursor)
    return commands.Rename(tag, source, _mailbox(cursor))


def subscribe(cursor: Cursor, tag: str) -> commands.Subscribe:
    """`"SUBSCRIBE" SP mailbox`."""
    return commands.Subscribe(tag, _mailbox(cursor))


def unsubscribe(cursor: Cursor, tag: str) -> commands.Unsubscribe:
    """`"UNSUBSCRIBE" SP mailbox`."""
    return commands.Unsubscribe(tag, _mailbox(cursor))


# list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]           (RFC 5258 §6)
def list_(cursor: Cursor, tag: str) -> commands.List:
    """LIST, in the form of RFC 3501 or of RFC 5258."""
    cursor.space()
    selection: frozenset[ListSelection] | None = None
    extensible = cursor.dialect.knows("LIST-EXTENDED")
    if extensible and cursor.next_is(b"("):
        selection = frozenset(cursor.parenthesized(lambda: _selection_option(cursor), least=0))
        _check_selection(selection)
        cursor.space()
    reference = _reference(cursor)
    cursor.space()
    several = extensible and cursor.next_is(b"(")
    patterns = cursor.parenthesized(cursor.list_mailbox) if several else [cursor.list_mailbox()]
    returning = extensible and not cursor.at_end
    options, items = _return_options(cursor) if returning else (frozenset(), ())
    extended = selection is not None or several or returning
    return commands.List(
        tag, reference or "", _patterns(cursor, reference, patterns), extended, selection or frozenset(), options, items
    )


def _selection_option(cursor: Cursor) -> ListSelection:
    option = _member(ListSelection, cursor.label())
    if option is ListSelection.SPECIAL_USE and not cursor.dialect.knows("SPECIAL-USE"):
        raise SyntaxFault("unknown option or item")
    return option


def _check_selection(selection: frozenset[ListSelection]) -> None:
    """RECURSIVEMATCH needs an option that says what to match (RFC 5258 §3.1); SUBSCRIBED is the only one."""
    if ListSelection.RECURSIVEMATCH in selection and ListSelection.SUBSCRIBED not in selection:
        raise SyntaxFault("RECURSIVEMATCH needs SUBSCRIBED")


# list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
def _return_options(cursor: Cursor) -> tuple[frozenset[ListReturn], tuple[StatusItem, ...]]:
    cursor.space()
    if cursor.label() != "RETURN":
        raise SyntaxFault("RETURN expected")
    cursor.space()
    found = cursor.parenthesized(lambda: _return_option(cursor), least=0)
    statuses = [option for option in found if isinstance(option, tuple)]
    if len(statuses) > 1:
        raise SyntaxFault("STATUS occurs twice")
    return frozenset(option for option in found if isinstance(option, ListReturn)), statuses[0] if statuses else ()


# return-option =/ status-option           status-option = "STATUS" SP "(" status-att *(SP status-att) ")"
def _return_option(cursor: Cursor) -> ListReturn | tuple[StatusItem, ...]:
    name = cursor.label()
    if name == "STATUS" and cursor.dialect.knows("LIST-STATUS"):
        cursor.space()
        return _status_items(cursor)
    option = _member(ListReturn, name)
    if option is ListReturn.SPECIAL_USE and not cursor.dialect.knows("SPECIAL-USE"):
        raise SyntaxFault("unknown option or item")
    return option


# lsub = "LSUB" SP mailbox SP list-mailbox
def lsub(cursor: Cursor, tag: str) -> commands.Lsub:
    """LSUB."""
    cursor.space()
    reference = _reference(cursor)
    cursor.space()
    return commands.Lsub(tag, reference or "", _patterns(cursor, reference, [cursor.list_mailbox()]))


def _reference(cursor: Cursor) -> str | None:
    """The reference of LIST or LSUB; None where no name can begin like this."""
    try:
        return decoded(cursor.astring(), utf8=cursor.dialect.utf8)
    except UnusableName:
        return None


def _patterns(cursor: Cursor, reference: str | None, patterns: list[bytes]) -> tuple[str, ...]:
    """The patterns that a name can match. One that is not modified UTF-7 is syntactically right and matches nothing."""
    readable = []
    for pattern in patterns if reference is not None else ():
        try:
            readable.append(decoded(pattern, utf8=cursor.dialect.utf8))
        except UnusableName:
            continue
    return tuple(readable if reference else map(canonical_pattern, readable))


# status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
def status(cursor: Cursor, tag: str) -> commands.Status:
    """STATUS."""
    mailbox = _mailbox(cursor)
    cursor.space()
    return commands.Status(tag, mailbox, _status_items(cursor))


_STATUS_EXTENSIONS: dict[StatusItem, tuple[str, ...]] = {
    StatusItem.SIZE: ("STATUS=SIZE",),
    StatusItem.HIGHESTMODSEQ: ("CONDSTORE",),
    StatusItem.DELETED: ("IMAP4rev2", "QUOTA=RES-MESSAGE"),
    StatusItem.DELETED_STORAGE: ("QUOTA=RES-STORAGE",),
}


def _status_items(cursor: Cursor) -> tuple[StatusItem, ...]:
    return tuple(dict.fromkeys(cursor.parenthesized(lambda: _status_item(cursor))))


def _status_item(cursor: Cursor) -> StatusItem:
    item = _member(StatusItem, cursor.label())
    needed = _STATUS_EXTENSIONS.get(item, ())
    if needed and not any(map(cursor.dialect.knows, needed)):
        raise SyntaxFault("unknown option or item")
    return item


def namespace(cursor: Cursor, tag: str) -> commands.Namespace:
    """`"NAMESPACE"`."""
    return commands.Namespace(tag)


# getquota = "GETQUOTA" SP quota-root-name        quota-root-name = astring                     (RFC 9208 §7)
def getquota(cursor: Cursor, tag: str) -> commands.GetQuota:
    """GETQUOTA."""
    cursor.space()
    return commands.GetQuota(tag, cursor.astring())


def getquotaroot(cursor: Cursor, tag: str) -> commands.GetQuotaRoot:
    """`"GETQUOTAROOT" SP mailbox`."""
    return commands.GetQuotaRoot(tag, _mailbox(cursor))


# setquota = "SETQUOTA" SP quota-root-name SP setquota-list
# setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"
def setquota(cursor: Cursor, tag: str) -> commands.SetQuota:
    """SETQUOTA."""
    cursor.space()
    root = cursor.astring()
    cursor.space()
    limits = cursor.parenthesized(lambda: _resource_limit(cursor), least=0)
    if len(dict(limits)) != len(limits):
        raise SyntaxFault("a resource occurs twice")
    return commands.SetQuota(tag, root, tuple(limits))


# setquota-resource = resource-name SP resource-limit        resource-limit = number64
def _resource_limit(cursor: Cursor) -> tuple[str, int]:
    name = cursor.atom().upper()
    cursor.space()
    return name, cursor.number(NUMBER_64)
