"""Responses as octets (RFC 3501 §7 and §9: response; extensions as cited).

A deliberate fault in the form of responses is a subclass of `Renderer` with one method changed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from reference_server.imap import responses as r
from reference_server.imap.names import encode_utf7
from reference_server.imap.renderer_codes import code_text
from reference_server.imap.renderer_fetch import FetchRenderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import ResponseCode
from reference_server.imap.sets import set_text
from reference_server.mime.threading import ThreadNode


class Renderer(FetchRenderer):
    """Makes the octets of each response. `utf8` may be switched on in the middle of a session."""

    def __init__(self, *, utf8: bool = False) -> None:
        super().__init__(utf8=utf8)
        self._makers: dict[type, Callable[[Any], bytes]] = {
            r.StatusResponse: self.status_response,
            r.Continue: self.continuation,
            r.Challenge: self.challenge,
            r.CapabilityData: self.capability,
            r.Enabled: self.enabled,
            r.IdData: self.identification,
            r.NamespaceData: self.namespaces,
            r.ListData: self.list_data,
            r.StatusData: self.status_data,
            r.SearchData: self.search_data,
            r.SortData: self.sort_data,
            r.EsearchData: self.esearch_data,
            r.ThreadData: self.thread_data,
            r.FlagsData: self.flags_data,
            r.Exists: self.exists,
            r.Recent: self.recent,
            r.Expunged: self.expunged,
            r.Vanished: self.vanished,
            r.QuotaData: self.quota,
            r.QuotaRootData: self.quota_roots,
        }

    def render(self, *responses: r.Response) -> bytes:
        """The octets of these responses, one after the other."""
        return b"".join(self.pieces(responses))

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        """The same, not yet joined; messages in it are the very objects of the responses."""
        pieces: Pieces = []
        for response in responses:
            if isinstance(response, r.FetchResponse):
                pieces += self.fetch(response)
            else:
                pieces += (self._makers[type(response)](response), b"\r\n")
        return pieces

    # --- status responses and continuation requests

    # response-tagged = tag SP resp-cond-state CRLF           resp-text = ["[" resp-text-code "]" SP] text
    def status_response(self, response: r.StatusResponse) -> bytes:
        """OK, NO, BAD, PREAUTH, BYE."""
        words = [response.tag or "*", response.condition.value]
        if response.code is not None:
            words.append(f"[{self.code(response.code)}]")
        return " ".join(words).encode("ascii") + b" " + self.text(response.text)

    def code(self, code: ResponseCode) -> str:
        """`resp-text-code`."""
        return code_text(code)

    # continue-req = "+" SP (resp-text / base64) CRLF
    def continuation(self, response: r.Continue) -> bytes:
        """A request to go on."""
        return b"+ " + self.text(response.text)

    def challenge(self, response: r.Challenge) -> bytes:
        """A SASL challenge; an empty one is a plus sign and a space."""
        return b"+ " + base64.b64encode(response.data)

    # --- about the server

    def capability(self, response: r.CapabilityData) -> bytes:
        """`capability-data`."""
        return _untagged("CAPABILITY", *response.names)

    def enabled(self, response: r.Enabled) -> bytes:
        """`enable-data` (RFC 5161 §4)."""
        return _untagged("ENABLED", *response.names)

    def identification(self, response: r.IdData) -> bytes:
        """`id_response` (RFC 2971 §4)."""
        if response.parameters is None:
            return b"* ID NIL"
        fields = (self.string(name) + b" " + self.nstring(value) for name, value in response.parameters)
        return b"* ID (%b)" % b" ".join(fields)

    # Namespace = nil / "(" 1*Namespace-Descr ")"
    # Namespace-Descr = "(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil) ")"
    def namespaces(self, response: r.NamespaceData) -> bytes:
        """`Namespace-Response` (RFC 2342 §6)."""
        groups = (response.personal, response.other_users, response.shared)
        return b"* NAMESPACE " + b" ".join(
            b"(%b)" % b"".join(map(self.namespace, group)) if group else b"NIL" for group in groups
        )

    def namespace(self, description: r.NamespaceDescription) -> bytes:
        """`Namespace-Descr`."""
        prefix = description.prefix.encode() if self.utf8 else encode_utf7(description.prefix)
        return b"(%b %b)" % (self.string(prefix), self.delimiter(description.delimiter))

    def delimiter(self, delimiter: str | None) -> bytes:
        """`DQUOTE QUOTED-CHAR DQUOTE / nil`."""
        return b"NIL" if delimiter is None else self.string(delimiter.encode("ascii"))

    # --- about mailboxes

    # mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
    def list_data(self, response: r.ListData) -> bytes:
        """LIST and LSUB."""
        label = b"LSUB" if response.lsub else b"LIST"
        attributes = " ".join(response.attributes).encode("ascii")
        name = b'""' if response.name is None else self.mailbox(response.name)
        line = b"* %b (%b) %b %b" % (label, attributes, self.delimiter(response.delimiter), name)
        items = self.extended_items(response)
        return line + (b" (%b)" % b" ".join(items) if items else b"")

    # childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted *(SP list-select-base-opt-quoted) ")"
    # oldname-extended-item = "OLDNAME" SP "(" mailbox ")"
    def extended_items(self, response: r.ListData) -> list[bytes]:
        """`mbox-list-extended-item`s (RFC 5258 §6, RFC 9051 §9)."""
        items = []
        if response.child_info:
            options = b" ".join(self.string(option.encode("ascii")) for option in response.child_info)
            items.append(b'"CHILDINFO" (%b)' % options)
        if response.old_name is not None:
            items.append(b'"OLDNAME" (%b)' % self.mailbox(response.old_name))
        return items

    def status_data(self, response: r.StatusData) -> bytes:
        """`"STATUS" SP mailbox SP "(" [status-att-list] ")"`."""
        values = " ".join(f"{item.value} {number}" for item, number in response.values)
        return b"* STATUS %b (%b)" % (self.mailbox(response.mailbox), values.encode("ascii"))

    def flags_data(self, response: r.FlagsData) -> bytes:
        """`"FLAGS" SP flag-list`."""
        return b"* FLAGS (%b)" % " ".join(response.flags).encode("ascii")

    def exists(self, response: r.Exists) -> bytes:
        """`number SP "EXISTS"`."""
        return b"* %d EXISTS" % response.messages

    def recent(self, response: r.Recent) -> bytes:
        """`number SP "RECENT"`."""
        return b"* %d RECENT" % response.messages

    # quota-list = "(" quota-resource *(SP quota-resource) ")"      quota-resource = resource-name SP usage SP limit
    def quota(self, response: r.QuotaData) -> bytes:
        """`quota-response` (RFC 9208 §7)."""
        resources = " ".join(f"{each.name} {each.usage} {each.limit}" for each in response.resources)
        return b"* QUOTA %b (%b)" % (self.astring(response.root), resources.encode("ascii"))

    def quota_roots(self, response: r.QuotaRootData) -> bytes:
        """`quotaroot-response` (RFC 9208 §7)."""
        return b" ".join([b"* QUOTAROOT", self.mailbox(response.mailbox), *map(self.astring, response.roots)])

    # --- about messages

    # "SEARCH" *(SP nz-number)           "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]        (RFC 7162 §7)
    def search_data(self, response: r.SearchData) -> bytes:
        """SEARCH."""
        return _numbers("SEARCH", response.numbers, response.mod_sequence)

    def sort_data(self, response: r.SortData) -> bytes:
        """SORT."""
        return _numbers("SORT", response.numbers, response.mod_sequence)

    # esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)         (RFC 4466 §3)
    def esearch_data(self, response: r.EsearchData) -> bytes:
        """ESEARCH; what is not known, and MIN, MAX and ALL of nothing, is not there (RFC 4731 §3.1)."""
        values = {
            "MIN": response.minimum,
            "MAX": response.maximum,
            "ALL": set_text(response.found) or None,
            "COUNT": response.count,
            "MODSEQ": response.mod_sequence,
        }
        words = ["UID"] if response.uid else []
        words += [f"{name} {value}" for name, value in values.items() if value is not None]
        correlator = b"* ESEARCH (TAG %b)" % self.string(response.tag.encode("ascii"))
        return b" ".join([correlator, *(word.encode("ascii") for word in words)])

    def thread_data(self, response: r.ThreadData) -> bytes:
        """`"THREAD" [SP 1*thread-list]` (RFC 5256 §5)."""
        threads = "".join(map(self.thread, response.threads))
        return _untagged("THREAD", threads) if threads else b"* THREAD"

    # thread-list = "(" (thread-members / thread-nested) ")"        thread-nested = 2*thread-list
    # thread-members = nz-number *(SP nz-number) [SP thread-nested]
    # A thread may be as deep as a mailbox is long, so nothing recurses.
    def thread(self, root: ThreadNode) -> str:
        """`thread-list`."""
        pieces: list[str] = []
        stack: list[ThreadNode | None] = [root]
        while stack:
            node = stack.pop()
            if node is None:
                pieces.append(")")
                continue
            members = [node.number]
            while len(node.children) == 1:
                (node,) = node.children
                members.append(node.number)
            line = " ".join(str(number) for number in members if number is not None)
            pieces += ["(", line, " " if line and node.children else ""]
            stack += [None, *reversed(node.children)]
        return "".join(pieces)

    def expunged(self, response: r.Expunged) -> bytes:
        """`nz-number SP "EXPUNGE"`."""
        return b"* %d EXPUNGE" % response.number

    # expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids                                    (RFC 7162 §7)
    def vanished(self, response: r.Vanished) -> bytes:
        """VANISHED."""
        return _untagged("VANISHED", *(["(EARLIER)"] if response.earlier else []), set_text(response.uids))

    # message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))
    # msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP (msg-att-dynamic / msg-att-static)) ")"
    def fetch(self, response: r.FetchResponse) -> Pieces:
        """FETCH, its CRLF included."""
        pieces: Pieces = [b"* %d FETCH (" % response.number]
        for at, data in enumerate(response.data):
            if at:
                pieces.append(b" ")
            pieces += self.fetch_data(data)
        pieces.append(b")\r\n")
        return pieces


def _untagged(*words: str) -> bytes:
    return " ".join(["*", *words]).encode("ascii")


def _numbers(label: str, numbers: tuple[int, ...], mod_sequence: int | None) -> bytes:
    words = [label, *map(str, numbers)]
    if numbers and mod_sequence is not None:
        words.append(f"(MODSEQ {mod_sequence})")
    return _untagged(*words)
