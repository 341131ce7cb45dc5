"""The one string that names a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode, UsageError
from harness.targets.container import ContainerTarget, RunningContainerTarget
from harness.targets.host import HostTarget
from harness.targets.process import ProcessTarget
from harness.targets.reference import ReferenceTarget
from harness.targets.spec import parse_target

PROFILE = '[ports]\npop3 = 110\nimap = 143\n[accounts]\nusers = ["a"]\npassword = "x"\n'


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return str(path)


def test_the_reference() -> None:
    target = parse_target("reference")
    assert isinstance(target, ReferenceTarget)
    assert target.name == "reference"
    assert len(target.accounts) == 32


@pytest.mark.parametrize("name", ["dovecot", "cyrus", "courier", "mailutils"])
def test_a_bundled_profile(name: str) -> None:
    target = parse_target(name)
    assert isinstance(target, ContainerTarget)
    assert target.name == name
    assert target.tuned


def test_an_image_with_a_profile(profile: str) -> None:
    target = parse_target("image:registry.test:5000/vendor/server:build-42", profile)
    assert isinstance(target, ContainerTarget)
    assert (target.name, target.version) == ("server", "build-42")
    assert target.profile.image == "registry.test:5000/vendor/server:build-42"
    assert parse_target("image:server", "dovecot").profile.build == ""


def test_a_directory_with_a_dockerfile(tmp_path: Path, profile: str) -> None:
    with pytest.raises(UsageError, match="holds no Dockerfile"):
        parse_target(f"build:{tmp_path}")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no profile\.toml"):
        parse_target(f"build:{tmp_path}")
    assert parse_target(f"build:{tmp_path}", profile).name == tmp_path.name
    (tmp_path / "profile.toml").write_text('name = "mine"\n' + PROFILE, encoding="utf-8")
    target = parse_target(f"build:{tmp_path}")
    assert target.name == "mine"
    assert target.profile.build == str(tmp_path)


def test_a_container_is_not_restarted(profile: str) -> None:
    target = parse_target("container:0123abcd", profile)
    assert isinstance(target, RunningContainerTarget)
    assert not target.can_restart


def test_a_host_takes_its_ports_from_the_string_or_the_profile(profile: str) -> None:
    target = parse_target("host:127.0.0.1?imap=1143&pop3=1110", profile)
    assert isinstance(target, HostTarget)
    assert not target.can_restart
    assert target._ports == {"imap": 1143, "pop3": 1110}
    other = parse_target("host:mail.example.test", profile)
    assert isinstance(other, HostTarget)
    assert other._ports == {"pop3": 110, "imap": 143}


def test_a_process(profile: str) -> None:
    target = parse_target("process:./server --port 1110?pop3=1110&imap=1143", profile)
    assert isinstance(target, ProcessTarget)
    assert target.profile.process == ("./server", "--port", "1110")


def test_a_profile_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('image = "vendor/server:1"\n' + PROFILE, encoding="utf-8")
    assert isinstance(parse_target(str(path)), ContainerTarget)
    path.write_text(PROFILE, encoding="utf-8")
    with pytest.raises(UsageError, match="does not say where the server is"):
        parse_target(str(path))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("dovecott", "did you mean dovecot?"),
        ("", "there is no target ''"),
        ("imagee:x", "'imagee'"),
        ("image:", "nothing follows image:"),
        ("host:", "nothing follows host:"),
        ("host:h?pop=110", "'pop=110' names no endpoint"),
        ("host:h?pop3=x", "'x' is no port for pop3"),
        ("host:h?pop3=0", "'0' is no port for pop3"),
        ("host:h?pop3=٣", "is no port for pop3"),
        ("host:?pop3=110", "nothing stands before"),
        ("process:'?pop3=1", "not whole"),
        ("build:./no-such-directory", "holds no Dockerfile"),
    ],
)
def test_a_bad_string_is_a_usage_error_that_shows_how(spec: str, problem: str, profile: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(spec, profile if ":" in spec else None)
    assert problem in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.mend


@pytest.mark.parametrize("spec", ["image:vendor/server:1", "container:0123"])
def test_an_image_or_container_needs_a_profile(spec: str) -> None:
    with pytest.raises(UsageError, match="needs a profile"):
        parse_target(spec)


def test_what_a_target_cannot_do_without() -> None:
    with pytest.raises(UsageError, match="has no accounts"):
        parse_target("host:127.0.0.1?pop3=110&imap=143")
    with pytest.raises(UsageError, match="no bundled profile 'dovcot'"):
        parse_target("image:x", "dovcot")
    with pytest.raises(UsageError, match="takes no profile"):
        parse_target("reference", "dovecot")


def test_a_target_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('host = "h"\n' + PROFILE.replace("imap = 143\n", ""), encoding="utf-8")
    with pytest.raises(UsageError, match="no way to load"):
        parse_target(str(path))
