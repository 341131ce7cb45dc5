"""Several sessions on one mailbox, in any order of commands: what each client was told is what there is.

The client of each session believes only what it hears (RFC 3501 §7.3, §7.4): EXISTS never shrinks, EXPUNGE and FETCH
are about numbers that it knows, and the flags that it heard last are the right ones at the next checkpoint.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.tests.imap_client import Client, Post, post_office

FLAGS = (r"\Seen", r"\Flagged", r"\Deleted", "Later")
COMMANDS = st.one_of(
    st.just("APPEND"),
    st.sampled_from(
        ["NOOP", "EXPUNGE", "FETCH 1:* FLAGS", "UID SEARCH ALL", "SEARCH DELETED", "CHECK", "UID MOVE 1:3 INBOX"]
    ),
    st.builds(
        "{}STORE {} {}FLAGS{} ({})".format,
        st.sampled_from(["", "UID "]),
        st.sampled_from(["1", "2", "1:2", "1:*", "*"]),
        st.sampled_from(["", "+", "-"]),
        st.sampled_from(["", ".SILENT"]),
        st.sampled_from(FLAGS),
    ),
)
TALK = st.lists(st.tuples(st.integers(0, 2), COMMANDS), max_size=30)


class Believer:
    """A client that keeps what it hears."""

    def __init__(self, post: Post, *enabled: str) -> None:
        self.client: Client = post.user(None, *enabled)
        self.flags: list[frozenset[str] | None] = []
        self.uids: list[int | None] = []
        self.hear(self.client.lines("SELECT INBOX"))

    def hear(self, lines: list[str]) -> None:
        for line in lines:
            if match := re.match(r"(\d+) EXISTS", line):
                count = int(match[1])
                assert count >= len(self.flags), "EXISTS must not shrink"
                self.flags += [None] * (count - len(self.flags))
                self.uids += [None] * (count - len(self.uids))
            elif match := re.match(r"(\d+) EXPUNGE", line):
                del self.flags[int(match[1]) - 1], self.uids[int(match[1]) - 1]
            elif match := re.match(r"VANISHED (\S+)", line):
                for part in match[1].split(","):
                    low, _, high = part.partition(":")
                    for uid in range(int(low), int(high or low) + 1):
                        at = self.uids.index(uid)
                        del self.flags[at], self.uids[at]
            elif match := re.match(r"(\d+) FETCH \((.*)\)", line):
                at = int(match[1]) - 1
                assert 0 <= at < len(self.flags), "FETCH of a number that is not known"
                if flags := re.search(r"FLAGS \(([^)]*)\)", match[2]):
                    self.flags[at] = frozenset(flags[1].split()) - {r"\Recent"}
                if named := re.search(r"UID (\d+)", match[2]):
                    assert self.uids[at] in {None, int(named[1])}, "a number stands for another message"
                    self.uids[at] = int(named[1])

    def do(self, command: str) -> None:
        if command == "APPEND":
            answer = self.client.send(b"x APPEND INBOX {1+}\r\nx\r\n").decode()
            self.hear([line.removeprefix("* ") for line in answer.splitlines()])
            return
        answer = self.client.say(command)
        if ".SILENT" in command and not answer.startswith("BAD "):
            self.flags = [None] * len(self.flags)  # also after NO: some messages were there still, and are changed
        self.hear([line.removeprefix("* ") for line in answer.splitlines()])

    def checkpoint(self) -> list[tuple[int | None, frozenset[str] | None]]:
        """After NOOP and a FETCH that must not contradict what is known already."""
        self.hear(self.client.lines("NOOP"))
        if self.flags:
            known = list(self.flags)
            self.hear(self.client.lines("FETCH 1:* (UID FLAGS)"))
            for believed, is_so in zip(known, self.flags, strict=True):
                assert believed is None or believed == is_so, "a change was not told"
        return list(zip(self.uids, self.flags, strict=True))


@settings(max_examples=60, deadline=None)
@given(TALK)
def test_sessions_agree(talk: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as directory, post_office(Path(directory)) as post:
        post.fill(3)
        believers = [Believer(post), Believer(post), Believer(post, "QRESYNC")]
        believers[2].checkpoint()
        for who, command in talk:
            believers[who].do(command)
            if who == 2:
                believers[2].checkpoint()  # VANISHED is about UIDs, so this one must know them
        first, second, third = (believer.checkpoint() for believer in believers)
        assert first == second == third
