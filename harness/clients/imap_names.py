"""Names of mailboxes in a personal namespace that has a prefix (RFC 2342 §5): where a case says `quay`, the target is
asked for `INBOX.quay`, and where it lists `INBOX.quay`, the case sees `quay`.

Cases make mailboxes with names of their own, and a server such as Courier takes none beside INBOX that is not below
it. Only what a client puts together is changed: octets that a case sends as they are stay, and so does the record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.clients.imap_reply import ImapReply, NonSync, Part
from harness.wire.imap import UntaggedResponse
from harness.wire.imap_values import Form, Items, Scalar

#: Which arguments of a command are mailbox names, counted from 1 behind its name.
_NAMES = {
    **dict.fromkeys(("CREATE", "DELETE", "SELECT", "EXAMINE", "SUBSCRIBE", "UNSUBSCRIBE", "STATUS", "APPEND"), (1,)),
    **dict.fromkeys(("COPY", "MOVE", "UID COPY", "UID MOVE"), (2,)),
    "RENAME": (1, 2),
    "GETQUOTAROOT": (1,),
}
_LISTINGS = ("LIST", "LSUB")
#: Untagged responses that name a mailbox, and at which argument.
_NAMED = {"LIST": 2, "LSUB": 2, "STATUS": 0, "QUOTAROOT": 0}
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\((?:"(?:\\.|[^"\\])*"|[^()"])*\)|[^ ()"]+|[ ()"]')


@dataclass(frozen=True, slots=True)
class MailboxNames:
    """The prefix of the user's own mailboxes, such as `INBOX.`."""

    prefix: str

    def outward(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """A command with the prefix in front of its mailbox names, INBOX and what is below it left as they are."""
        tokens = _tokens(parts)
        words = [at for at, token in enumerate(tokens) if token != " "]
        verb = _verb([tokens[at] for at in words[:2]])
        arguments = words[len(verb.split()) :]
        for place in _NAMES.get(verb, ()):
            if place <= len(arguments):
                tokens[arguments[place - 1]] = self._prefixed(tokens[arguments[place - 1]])
        if verb in _LISTINGS:
            self._listing(tokens, arguments)
        return tuple(tokens)

    def _listing(self, tokens: list[Part], arguments: Sequence[int]) -> None:
        """The reference of LIST and LSUB, or where it is empty the patterns, but for those that match INBOX."""
        first = 1 if arguments and _text(tokens[arguments[0]]).startswith("(") else 0
        reference, pattern = [*arguments[first : first + 2], -1, -1][:2]
        if reference < 0 or pattern < 0:
            return
        if _text(tokens[reference]):
            tokens[reference] = self._prefixed(tokens[reference])
        elif tokens[pattern] == "(":  # a list that a literal takes apart
            end = tokens.index(")", pattern)
            for at in range(pattern + 1, end):
                tokens[at] = self._pattern(tokens[at])
        elif _text(tokens[pattern]).startswith("("):
            inner = str(tokens[pattern])[1:-1]
            patterns = [self._pattern(each) for each in _TOKEN.findall(inner)]
            tokens[pattern] = "(" + "".join(each for each in patterns if isinstance(each, str)) + ")"
        else:
            tokens[pattern] = self._pattern(tokens[pattern])

    def _pattern(self, pattern: Part) -> Part:
        """A pattern of LIST with the prefix. One that matches INBOX stays: INBOX is what it may be about."""
        wild = "".join(".*" if each in "*%" else re.escape(each) for each in _text(pattern))
        return pattern if re.fullmatch(wild, "INBOX", re.IGNORECASE) else self._prefixed(pattern)

    def _prefixed(self, name: Part) -> Part:
        """A name with the prefix."""
        text = _text(name)
        root = self.prefix[:-1].upper()
        below = text.upper() == "INBOX" or text.upper() == root or text.upper().startswith(self.prefix.upper())
        if not text or text == " " or below:
            return name
        match name:
            case NonSync(data):
                return NonSync(self.prefix.encode() + data)
            case bytes():
                return self.prefix.encode() + name
        return f'"{self.prefix}{name[1:]}' if name.startswith('"') else f"{self.prefix}{name}"

    def inward(self, response: UntaggedResponse) -> UntaggedResponse:
        """A response with the prefix taken from its mailbox name; its octets stay."""
        at = _NAMED.get(response.name)
        if at is None or at >= len(response.arguments):
            return response
        name = response.arguments[at]
        prefix = self.prefix.encode()
        if not isinstance(name, Scalar) or not name.data.startswith(prefix) or name.data == prefix:
            return response
        # Whatever its form, what is left is a name: the level NIL of `INBOX.NIL` is not the atom NIL.
        short = replace(name, data=name.data.removeprefix(prefix), form=Form.QUOTED)
        return replace(response, arguments=(*response.arguments[:at], short, *response.arguments[at + 1 :]))


def _tokens(parts: Sequence[Part]) -> list[Part]:
    """Words, quoted strings, lists and spaces of a command's text; a literal is one token."""
    return [token for part in parts for token in (_TOKEN.findall(part) if isinstance(part, str) else (part,))]


def _verb(words: Sequence[Part]) -> str:
    """The command's name in upper case, with UID before it."""
    named = [each.upper() for each in words if isinstance(each, str)]
    return " ".join(named[:2]) if named[:1] == ["UID"] else "".join(named[:1])


def _text(token: Part) -> str:
    """What a token says."""
    if isinstance(token, str):
        return token[1:-1] if token.startswith('"') and token.endswith('"') else token
    return (token.data if isinstance(token, NonSync) else token).decode("latin-1")


def personal_prefix(reply: ImapReply) -> str:
    """The prefix of the first personal namespace, by the answer to NAMESPACE; empty where there is none."""
    for response in reply.named("NAMESPACE"):
        match response.arguments:
            case (Items((Items((Scalar(data=prefix), *_)), *_)), *_) if prefix.isascii():
                return prefix.decode()
            case _:
                continue
    return ""
