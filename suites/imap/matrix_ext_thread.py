"""THREAD (RFC 5256 §3): ORDEREDSUBJECT and REFERENCES over small mailboxes, each made for one step of the algorithm."""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.boxes import filled, note
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

R = "RFC5256-3.THREAD-{}"


@dataclass(frozen=True, slots=True)
class Post:
    """A message: its subject, the day of June 2024 on which it was sent, its id and what it refers to."""

    subject: str
    day: int
    id: str = ""
    references: str = ""
    in_reply_to: str = ""

    @property
    def octets(self) -> bytes:
        """The message."""
        named = (("Message-ID", self.id), ("References", self.references), ("In-Reply-To", self.in_reply_to))
        fields = [f"Date: {self.day:02d} Jun 2024 12:00:00 +0000"]
        fields += [f"{name}: {value}" for name, value in named if value]
        return note(self.subject, fields=fields)


@dataclass(frozen=True, slots=True)
class Scene:
    """A mailbox, and how an algorithm threads it."""

    slug: str
    posts: tuple[Post, ...]
    threads: str
    letters: tuple[str, ...]


A, B, C, D, X = (f"<{name}@post.test>" for name in ("alpha", "beta", "gamma", "delta", "missing"))

REFERENCES = (
    Scene("chain", (Post("kite", 1, A), Post("one", 2, B, A), Post("two", 3, C, f"{A} {B}")), "(1 2 3)", ("k",)),
    Scene("two-answers", (Post("kite", 1, A), Post("one", 2, B, A), Post("two", 3, C, A)), "(1 (2) (3))", ("k",)),
    Scene(
        "answer-of-an-answer",
        (Post("kite", 1, A), Post("one", 2, B, A), Post("two", 3, C, A), Post("three", 4, D, f"{A} {B}")),
        "(1 (2 4) (3))",
        ("k",),
    ),
    Scene("answer-first", (Post("one", 2, B, A), Post("kite", 1, A)), "(2 1)", ("k",)),
    Scene("in-reply-to", (Post("kite", 1, A), Post("one", 2, B, in_reply_to=A)), "(1 2)", ("l",)),
    Scene(
        "in-reply-to-first-id",
        (Post("kite", 1, A), Post("boat", 2, B), Post("one", 3, C, in_reply_to=f"yours {A} and {B}")),
        "(1 3) (2)",
        ("l",),
    ),
    Scene(
        "references-before-in-reply-to",
        (Post("kite", 1, A), Post("boat", 2, B), Post("one", 3, C, A, B)),
        "(1 3) (2)",
        ("l",),
    ),
    Scene(
        "in-reply-to-where-references-are-none",
        (Post("kite", 1, A), Post("one", 2, B, "nothing of use", A)),
        "(1 2)",
        ("l",),
    ),
    Scene("unrelated", (Post("kite", 1, A), Post("boat", 2, B)), "(1) (2)", ("a",)),
    Scene("threads-by-date", (Post("kite", 9, A), Post("boat", 2, B)), "(2) (1)", ("s",)),
    Scene("siblings-by-date", (Post("kite", 1, A), Post("one", 5, B, A), Post("two", 3, C, A)), "(1 (3) (2))", ("s",)),
    Scene("missing-parent-of-one", (Post("one", 2, B, X), Post("boat", 3, C)), "(1) (2)", ("p",)),
    Scene("missing-parent-of-two", (Post("one", 2, B, X), Post("two", 3, C, X)), "((1) (2))", ("p",)),
    Scene(
        "missing-between",
        (Post("kite", 1, A), Post("two", 3, C, f"{A} {X}")),
        "(1 2)",
        ("p",),
    ),
    Scene(
        "missing-between-with-two-children",
        (Post("kite", 1, A), Post("two", 3, C, f"{A} {X}"), Post("three", 4, D, f"{A} {X}")),
        "(1 (2) (3))",
        ("p",),
    ),
    Scene("same-subject-and-a-reply", (Post("kite", 1, A), Post("Re: kite", 2, B)), "(1 2)", ("q",)),
    Scene("reply-before-its-subject", (Post("Re: kite", 2, B), Post("kite", 1, A)), "(2 1)", ("q",)),
    Scene("same-subject-twice", (Post("kite", 1, A), Post("kite", 2, B)), "((1) (2))", ("r",)),
    Scene("two-replies-of-one-subject", (Post("Re: kite", 1, A), Post("Re: kite", 2, B)), "((1) (2))", ("r",)),
    Scene("loop", (Post("kite", 1, A, B), Post("boat", 2, B, A)), "(2 1)", ("n",)),
    Scene("itself", (Post("kite", 1, A, A), Post("boat", 2, B)), "(1) (2)", ("n",)),
    Scene("same-id-twice", (Post("kite", 1, A), Post("boat", 2, A)), "(1) (2)", ("m",)),
    Scene("no-ids", (Post("kite", 1), Post("boat", 2)), "(1) (2)", ("m",)),
    Scene("id-in-another-case", (Post("kite", 1, A), Post("boat", 2, B, A.upper())), "(1) (2)", ("j",)),
    Scene("id-with-quotes", (Post("kite", 1, A), Post("one", 2, B, '<"alpha"@post.test>')), "(1 2)", ("i",)),
    Scene(
        "parent-that-is-known-is-kept",
        (Post("kite", 1, A), Post("one", 2, B, A), Post("two", 3, C, f"{X} {B}")),
        "(1 2 3)",
        ("o",),
    ),
)

ORDEREDSUBJECT = (
    Scene("one-subject", (Post("kite", 1), Post("Re: kite", 2)), "(1 2)", ("g",)),
    Scene("three-of-one-subject", (Post("kite", 1), Post("Re: kite", 2), Post("kite", 3)), "(1 (2) (3))", ("g",)),
    Scene("two-subjects", (Post("kite", 1), Post("boat", 2), Post("Re: kite", 3)), "(1 3) (2)", ("g",)),
    Scene("threads-by-date", (Post("kite", 5), Post("boat", 2)), "(2) (1)", ("h",)),
    Scene("first-by-date", (Post("Re: kite", 5), Post("kite", 2)), "(2 1)", ("g",)),
    Scene("subjects-without-case", (Post("KITE", 1), Post("kite", 2)), "(1 2)", ("g",)),
    Scene("references-do-not-count", (Post("kite", 1, A), Post("boat", 2, B, A)), "(1) (2)", ("g",)),
)

#: What is no THREAD: slug, line, what must come, requirement.
WRONG = (
    ("without-a-charset", "THREAD REFERENCES ALL", "BAD", R.format("b")),
    ("unknown-algorithm", "THREAD ZEPPELIN UTF-8 ALL", "BAD | NO", "RFC5256-3.THREAD.algorithm-a"),
    ("without-keys", "THREAD REFERENCES UTF-8", "BAD", "RFC3501-2.2.2-g"),
    ("without-anything", "THREAD", "BAD", "RFC3501-2.2.2-g"),
    ("algorithm-in-a-list", "THREAD (REFERENCES) UTF-8 ALL", "BAD", "RFC3501-2.2.2-j"),
)


def _scene(scene: Scene, algorithm: str) -> Generated:
    ids = [R.format(letter) for letter in scene.letters]
    steps = [*filled([post.octets for post in scene.posts]), f"C: THREAD {algorithm} UTF-8 ALL"]
    steps += [expecting(f"* THREAD {scene.threads}", *ids), expecting("OK", *ids)]
    title = f"THREAD {algorithm}: {scene.slug.replace('-', ' ')}"
    case_id = f"imap/rfc5256-3/{algorithm.lower()}-{scene.slug}"
    return case_id, dialogue(title, steps, requires=f"THREAD={algorithm}")


def _form(slug: str, line: str, threads: str, requirement: str) -> Generated:
    posts = (Post("kite", 1, A), Post("one", 2, B, A), Post("boat", 3, C))
    steps = [*filled([post.octets for post in posts]), sent(line), expecting(f"* THREAD{threads}", requirement)]
    steps += [expecting("OK", requirement)]
    title = f"THREAD: {slug.replace('-', ' ')}"
    return f"imap/rfc5256-3/thread-{slug}", dialogue(title, steps, requires="THREAD=REFERENCES")


def _wrong(slug: str, line: str, pattern: str, requirement: str) -> Generated:
    steps = [sent(line), expecting(pattern, requirement), "C: NOOP", expecting("OK", "RFC3501-2.2.2-c")]
    text = dialogue(f"`{line}` is refused", steps, start="selected", requires="THREAD=REFERENCES")
    return f"imap/rfc5256-3/bad-thread-{slug}", text


def _uid() -> Generated:
    steps = ["C: STORE 1 +FLAGS.SILENT (\\Deleted)", "S: OK", "C: EXPUNGE", "S: OK"]
    steps += ["C: UID THREAD REFERENCES UTF-8 2", expecting("* THREAD ($m3)", R.format("d")), "S: OK"]
    title = "UID THREAD gives UIDs"
    text = dialogue(title, steps, start="selected", messages="3 plain", requires="THREAD=REFERENCES")
    return "imap/rfc5256-3/uid-thread", text


def cases() -> list[Generated]:
    """All of the tables above."""
    forms = (
        ("us-ascii", "THREAD REFERENCES US-ASCII ALL", " (1 2) (3)", R.format("c")),
        ("charset-in-quotes", 'THREAD REFERENCES "UTF-8" ALL', " (1 2) (3)", "RFC5256-5-a"),
        ("letter-case", "thread references utf-8 all", " (1 2) (3)", "RFC5256-5-b"),
        ("some-messages", "THREAD REFERENCES UTF-8 SUBJECT boat", " (3)", R.format("a")),
        ("answer-without-its-question", "THREAD REFERENCES UTF-8 2:3", " (2) (3)", R.format("a")),
        ("nothing", "THREAD REFERENCES UTF-8 FLAGGED", "", R.format("a")),
    )
    return [
        *[_scene(scene, "REFERENCES") for scene in REFERENCES],
        *[_scene(scene, "ORDEREDSUBJECT") for scene in ORDEREDSUBJECT],
        *[_form(*row) for row in forms],
        *[_wrong(*row) for row in WRONG],
        _uid(),
    ]
