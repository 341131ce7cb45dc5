"""Commands out of octets (RFC 3501 §9): tag, name, and the rule of each name.

The rules themselves are in `parser_session.py`, `parser_mailboxes.py`, `parser_messages.py` and `parser_search.py`. A
rule belongs to an extension or to RFC 3501; what is not advertised is as unknown as what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reference_server.imap import parser_mailboxes, parser_messages, parser_search, parser_session
from reference_server.imap.commands import Command
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand, RefusedCommand, SyntaxFault
from reference_server.imap.fragmenter import CommandText, LiteralAnnounced, tag_of
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.names import MailboxName
from reference_server.imap.response_codes import Code
from reference_server.imap.tokens import Cursor, LiteralPending

DEFAULT_LIMITS = GrammarLimits()


@dataclass(frozen=True, slots=True)
class Rule:
    """How the arguments of a command are read, with the space in front of them. None is RFC 3501."""

    arguments: Callable[[Cursor, str], Command]
    extension: str | None = None


# command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "CAPABILITY": Rule(parser_session.capability),
        "NOOP": Rule(parser_session.noop),
        "LOGOUT": Rule(parser_session.logout),
        "ID": Rule(parser_session.identify, "ID"),
        "STARTTLS": Rule(parser_session.starttls),
        "AUTHENTICATE": Rule(parser_session.authenticate),
        "LOGIN": Rule(parser_session.login),
        "ENABLE": Rule(parser_session.enable, "ENABLE"),
        "IDLE": Rule(parser_session.idle, "IDLE"),
        "SELECT": Rule(parser_mailboxes.select),
        "EXAMINE": Rule(parser_mailboxes.examine),
        "CREATE": Rule(parser_mailboxes.create),
        "DELETE": Rule(parser_mailboxes.delete),
        "RENAME": Rule(parser_mailboxes.rename),
        "SUBSCRIBE": Rule(parser_mailboxes.subscribe),
        "UNSUBSCRIBE": Rule(parser_mailboxes.unsubscribe),
        "LIST": Rule(parser_mailboxes.list_),
        "LSUB": Rule(parser_mailboxes.lsub),
        "STATUS": Rule(parser_mailboxes.status),
        "NAMESPACE": Rule(parser_mailboxes.namespace, "NAMESPACE"),
        "GETQUOTA": Rule(parser_mailboxes.getquota, "QUOTA"),
        "GETQUOTAROOT": Rule(parser_mailboxes.getquotaroot, "QUOTA"),
        "SETQUOTA": Rule(parser_mailboxes.setquota, "QUOTASET"),
        "APPEND": Rule(parser_messages.append),
        "CHECK": Rule(parser_messages.check),
        "CLOSE": Rule(parser_messages.close),
        "UNSELECT": Rule(parser_messages.unselect, "UNSELECT"),
        "EXPUNGE": Rule(parser_messages.expunge),
        "COPY": Rule(parser_messages.copy),
        "MOVE": Rule(parser_messages.move, "MOVE"),
        "FETCH": Rule(parser_messages.fetch),
        "STORE": Rule(parser_messages.store),
        "SEARCH": Rule(parser_search.search),
        "SORT": Rule(parser_search.sort, "SORT"),
        "THREAD": Rule(parser_search.thread, "THREAD"),
    }
)

# uid = "UID" SP (copy / fetch / search / store)
UID_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "COPY": Rule(parser_messages.uid_copy),
        "MOVE": Rule(parser_messages.uid_move, "MOVE"),
        "FETCH": Rule(parser_messages.uid_fetch),
        "STORE": Rule(parser_messages.uid_store),
        "EXPUNGE": Rule(parser_messages.uid_expunge, "UIDPLUS"),
        "SEARCH": Rule(parser_search.uid_search),
        "SORT": Rule(parser_search.uid_sort, "SORT"),
        "THREAD": Rule(parser_search.uid_thread, "THREAD"),
    }
)


@dataclass(frozen=True, slots=True)
class Announced:
    """A command whose next literal may come. `destination` is the mailbox of APPEND, None for other commands."""

    tag: str
    name: str
    destination: MailboxName | None


def parse(text: CommandText, dialect: Dialect, limits: GrammarLimits = DEFAULT_LIMITS) -> Command:
    """The command. Raises BadCommand or RefusedCommand."""
    cursor = Cursor(text, dialect, limits)
    tag = _tag(cursor)
    name, rule = _rule(cursor, tag)
    try:
        command = rule.arguments(cursor, tag)
        cursor.end()
    except SyntaxFault as fault:
        raise BadCommand(tag, fault.text, name=name) from fault
    except LiteralPending:
        raise BadCommand(tag, "literal missing", name=name) from None
    _check_refusal(cursor, tag, name)
    return command


def announced(event: LiteralAnnounced, dialect: Dialect, limits: GrammarLimits = DEFAULT_LIMITS) -> Announced:
    """Whether the command is right so far and its literal not too large, before anything of that is read (RFC 3501
    §7.5). Raises BadCommand or RefusedCommand."""
    cursor = Cursor(event.text, dialect, limits)
    tag = _tag(cursor)
    name, rule = _rule(cursor, tag)
    try:
        rule.arguments(cursor, tag)
        cursor.end()
        raise BadCommand(tag, "unexpected literal", name=name)
    except SyntaxFault as fault:
        raise BadCommand(tag, fault.text, name=name) from fault
    except LiteralPending:
        _check_refusal(cursor, tag, name)
        _check_size(event, tag, name, limits)
    return Announced(tag, name, cursor.destination)


def _check_size(event: LiteralAnnounced, tag: str, name: str, limits: GrammarLimits) -> None:
    largest = limits.message if name == "APPEND" else limits.literal
    if event.size > largest or event.size + event.text.literal_octets > limits.literals:
        raise RefusedCommand(tag, "the literal is too large", name=name, code=Code.TOOBIG)
    if len(event.text.literals) >= limits.literal_count:
        raise RefusedCommand(tag, "too many literals", name=name, code=Code.LIMIT)


def _check_refusal(cursor: Cursor, tag: str, name: str) -> None:
    if cursor.refusal is not None:
        raise RefusedCommand(tag, cursor.refusal.text, name=name, code=cursor.refusal.code)


def _tag(cursor: Cursor) -> str:
    tag = tag_of(cursor.lines)
    if tag is None:
        raise BadCommand(None, "tag expected" if cursor.lines else "empty line")
    cursor.position = len(tag)
    return tag


def _rule(cursor: Cursor, tag: str) -> tuple[str, Rule]:
    """The name, with UID in front where it was, and its rule."""
    try:
        cursor.space()
        name = cursor.label()
        if name != "UID":
            return name, _known(RULES, name, cursor.dialect)
        cursor.space()
        name = cursor.label()
        return f"UID {name}", _known(UID_RULES, name, cursor.dialect)
    except SyntaxFault as error:
        raise BadCommand(tag, "unknown command" if error.text == "keyword expected" else error.text) from error


def _known(rules: Mapping[str, Rule], name: str, dialect: Dialect) -> Rule:
    rule = rules.get(name)
    if rule is None or not (rule.extension is None or _advertised(rule.extension, dialect)):
        raise SyntaxFault("unknown command")
    return rule


def _advertised(extension: str, dialect: Dialect) -> bool:
    return bool(dialect.thread_algorithms) if extension == "THREAD" else dialect.knows(extension)
