"""Profiles: what they say, and the one clear error for each way to get one wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.targets.model import Account
from harness.targets.profile import BlockedEntry, Excuses, Profile, bundled_names, bundled_profiles, load_profile

DOCS = Path(__file__).parents[2] / "docs" / "profiles.md"

WHOLE = """\
image = "vendor/server:1"

[ports]
pop3 = 110

[accounts]
users = ["alice", "bob"]
password = "secret"
address = "{user}@example.test"

[loading]
via = "imap-append"

[[tuned]]
setting = "delay"
value = "0"
stock = "60"

[[blocked]]
cases = ["pop3/x/*"]
reason = "not here"
"""


def written(directory: Path, text: str, name: str = "mine.toml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_profile_is_read_whole(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, WHOLE))
    assert profile.name == "mine"
    assert profile.pool() == (
        Account("alice", "secret", "alice@example.test"),
        Account("bob", "secret", "bob@example.test"),
    )
    assert profile.tuned[0].stock == "60"
    assert profile.excuses.get("pop3/x/case") == "not here"


def test_profile_toml_takes_its_directorys_name(tmp_path: Path) -> None:
    assert load_profile(written(tmp_path, WHOLE, "profile.toml")).name == tmp_path.name


@pytest.mark.parametrize(
    ("old", "new", "line", "problem", "mend"),
    [
        ('password = "secret"', 'pasword = "secret"', 8, "'pasword' in [accounts]", "did you mean password?"),
        ('image = "vendor', 'imag = "vendor', 1, "unknown key 'imag'", "did you mean image?"),
        ('stock = "60"', 'stok = "60"', 17, "'stok' in [tuned]", "did you mean stock?"),
        ("[loading]", "[loadin]", 11, "unknown key 'loadin'", "did you mean loading?"),
        ('via = "imap-append"', 'via = "imap"', 12, "loading.via", "'imap'"),
        ("pop3 = 110", "pop4 = 110", 3, "no endpoint 'pop4'", "did you mean pop3?"),
        ("pop3 = 110", "pop3 = 70000", 3, "pop3 = 70000 is no port", ""),
        ("pop3 = 110", 'pop3 = "x"', 4, "ports.pop3", "'x'"),
        ('via = "imap-append"', 'via = "command"', 11, "belong together", ""),
        ('image = "vendor/server:1"', 'image = "a"\nhost = "b"', 0, "image and host exclude", ""),
        ('image = "vendor/server:1"', 'hostname = "short"', 1, "needs a dot", ""),
        ("[ports]", "[ports", 3, "not valid TOML", "quotes"),
        ('directory = "x"\nimage', "", 1, "unknown key 'directory'", ""),
        ('reason = "not here"', 'reason = ""', 21, "blocked.1.reason", ""),
    ],
)
def test_a_wrong_profile_is_one_error_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, problem: str, mend: str
) -> None:
    text = WHOLE.replace(old, new) if new else old + WHOLE.removeprefix("image")
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    assert caught.value.position is not None
    assert caught.value.position.line == line
    assert problem in str(caught.value)
    assert mend in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_profile_and_one_that_is_not_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_profile(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(UsageError, match="not UTF-8"):
        load_profile(path)


def test_passwords_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from file\n", encoding="utf-8")
    profile = load_profile(
        written(
            tmp_path,
            '[accounts]\nusers = ["a"]\npassword_env = "POSTEL_TEST_PW"\n'
            '[[accounts.each]]\nname = "b"\npassword_file = "secret"\napop = true\naddress = "box@b.test"\n',
        )
    )
    with pytest.raises(UsageError, match="POSTEL_TEST_PW"):
        profile.pool()
    monkeypatch.setenv("POSTEL_TEST_PW", "from environment")
    assert profile.pool() == (
        Account("a", "from environment", "a"),
        Account("b", "from file", "box@b.test", apop=True),
    )


def test_an_account_without_a_password_and_one_named_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="alice has no password"):
        load_profile(written(tmp_path, '[accounts]\nusers = ["alice"]')).pool()
    with pytest.raises(UsageError, match="twice"):
        load_profile(written(tmp_path, '[accounts]\nusers = ["a", "a"]\npassword = "x"')).pool()
    with pytest.raises(UsageError, match="belong together"):
        load_profile(written(tmp_path, '[accounts]\npattern = "u{n}"\npassword = "x"'))


def test_a_pattern_makes_numbered_accounts(tmp_path: Path) -> None:
    text = '[accounts]\npattern = "u{n:02}"\ncount = 2\npassword = "pw-{user}"\naddress = "{user}@x.test"'
    assert load_profile(written(tmp_path, text)).pool() == (
        Account("u01", "pw-u01", "u01@x.test"),
        Account("u02", "pw-u02", "u02@x.test"),
    )


def test_a_password_is_not_shown_with_its_account() -> None:
    assert "secret" not in repr(Account("a", "secret", "a@x.test"))


def test_known_deviations_are_checked_like_a_baseline(tmp_path: Path) -> None:
    text = '[[known]]\ncase = "pop3/x/y"\nverdict = "deviates"\nmatches = "a"\nreason = ""\n'
    with pytest.raises(UsageError, match="gives no reason"):
        load_profile(written(tmp_path, text))
    with pytest.raises(UsageError, match="did you mean reason"):
        load_profile(written(tmp_path, text.replace("reason", "reasn")))


def test_the_first_matching_pattern_excuses() -> None:
    excuses = Excuses((BlockedEntry(cases=("pop3/a/*", "pop3/b/one"), reason="r"),))
    assert excuses["pop3/a/any"] == "r"
    assert excuses.get("pop3/b/two") is None


def test_every_bundled_profile_is_valid_and_says_what_it_changed() -> None:
    senders = ["exim", "postfix", "postfix-dovecot", "sendmail"]
    assert bundled_names() == sorted(["courier", "cyrus", "dovecot", "mailutils", *senders])
    for profile in bundled_profiles():
        assert profile.description
        assert len(profile.pool()) >= 20
        assert {"smtp", "submission", "submissions"} <= set(profile.ports) or profile.name not in senders
        assert {"pop3", "pop3s", "imap"} <= set(profile.ports) or profile.reading is not None
        assert (profile.relay is not None) == (profile.name in senders)
        assert all(entry.stock and entry.why for entry in profile.tuned)


def test_every_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    texts = [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in blocks]
    profiles = [text for text in texts if re.search(r"^\[", text, re.MULTILINE) and "postel " not in text]
    assert len(profiles) == 8
    for number, text in enumerate(profiles):
        load_profile(written(tmp_path, text, f"{number}.toml"))
    lines = [line for line in profiles[0].splitlines() if line.strip()]
    assert len(lines) <= 12


def test_documentation_names_every_key() -> None:
    text = DOCS.read_text(encoding="utf-8")
    tables = {"ports", "environment", "accounts", "loading", "emptying", "reading", "relay", "tls", "tuned", "known"}
    tables |= {"blocked"}
    for key in set(Profile.model_fields) - {"directory"}:
        assert (f"[{key}]" if key in tables else f"`{key}`") in text, key
