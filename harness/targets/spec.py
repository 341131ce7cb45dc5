"""The one string that names a target: `parse_target`.

reference                              postel's own server
dovecot                                a bundled profile
./my-server.toml                       a profile file
image:vendor/server:build-42           an image; --profile gives its ports and accounts
build:./dir                            a directory with a Dockerfile and profile.toml (or --profile)
container:ID                           a container that runs
host:127.0.0.1?pop3=1110&imap=1143     a server at an address
process:./server --port 1110?pop3=1110 a command to start
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.targets.container import ContainerTarget, RunningContainerTarget
from harness.targets.host import HostTarget
from harness.targets.model import PROTOCOLS, Target
from harness.targets.process import ProcessTarget
from harness.targets.profile import Profile, bundled_names, bundled_profile, load_profile
from harness.targets.profile_text import suggestion
from harness.targets.reference import ReferenceTarget

_EXAMPLES = "for example `dovecot` or `host:127.0.0.1?pop3=1110`; `postel targets` lists every form"


def parse_target(spec: str, profile: str | None = None) -> Target:
    """The target that a string names, not started yet. `profile` is a bundled profile's name or a profile file.

    Raises UsageError that names the bad part.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind in _KINDS:
        if not rest:
            raise UsageError(f"nothing follows {kind}: in the target {spec!r}", mend=_EXAMPLES)
        return _KINDS[kind](rest, profile)
    if spec == "reference":
        if profile:
            raise UsageError("the target reference takes no profile", mend="leave --profile out")
        return ReferenceTarget()
    if spec.endswith(".toml") or spec.startswith((".", "/")):
        if profile:
            raise UsageError(f"{spec} is a profile itself", mend="leave --profile out")
        return _from_profile(load_profile(Path(spec)))
    if spec in bundled_names():
        return _from_profile(_named(profile) if profile else bundled_profile(spec))
    if colon and kind.isidentifier():
        raise UsageError(
            f"{kind!r} in the target {spec!r} is no kind of target; {suggestion(kind, _KINDS)}", mend=_EXAMPLES
        )
    known = ["reference", *bundled_names()]
    raise UsageError(f"there is no target {spec!r}; {suggestion(spec, known)}", mend=_EXAMPLES)


def _named(profile: str | None) -> Profile:
    """A profile by the name of a bundled one or by its file."""
    if profile is None:
        return Profile()
    if profile in bundled_names():
        return bundled_profile(profile)
    if not profile.endswith(".toml") and "/" not in profile:
        raise UsageError(
            f"there is no bundled profile {profile!r}; {suggestion(profile, bundled_names())}",
            mend="or give a file: --profile ./my-server.toml",
        )
    return load_profile(Path(profile))


def _with(profile: Profile, **changes: Any) -> Profile:
    """The profile with another source, and a name of its own unless it has one."""
    cleared = {"image": "", "build": "", "host": "", "process": ()}
    return profile.model_copy(update={**cleared, **changes})


def _from_profile(profile: Profile) -> Target:
    """The target of a profile that says itself where the server is."""
    if profile.image or profile.build:
        return ContainerTarget(profile)
    if profile.host:
        return HostTarget(profile, profile.ports)
    if profile.process:
        return ProcessTarget(profile, profile.ports)
    raise UsageError(
        f"the profile {profile.name} does not say where the server is",
        mend="give it image, build, host or process; or name the target and use it as --profile",
    )


def _image(rest: str, profile: str | None) -> Target:
    _needed("image", rest, profile)
    return ContainerTarget(_with(_named(profile), image=rest, name=_short(rest), version=_tag(rest)))


def _build(rest: str, profile: str | None) -> Target:
    directory = Path(rest)
    if not (directory / "Dockerfile").is_file():
        raise UsageError(f"{directory} holds no Dockerfile", mend="build:./dir names a directory that does")
    if profile is None and not (directory / "profile.toml").is_file():
        raise UsageError(f"{directory} holds no profile.toml", mend="write one (docs/profiles.md), or give --profile")
    chosen = _named(profile) if profile else load_profile(directory / "profile.toml")
    name = directory.resolve().name if profile else chosen.name
    return ContainerTarget(_with(chosen, build=str(directory.resolve()), name=name))


def _container(rest: str, profile: str | None) -> Target:
    _needed("container", rest, profile)
    return RunningContainerTarget(_with(_named(profile), name=_short(rest)), rest)


def _host(rest: str, profile: str | None) -> Target:
    host, ports = _ports(rest)
    chosen = _named(profile)
    return HostTarget(_with(chosen, host=host, name=chosen.name or host), ports or chosen.ports)


def _process(rest: str, profile: str | None) -> Target:
    text, ports = _ports(rest)
    chosen = _named(profile)
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"the command {text!r} is not whole: {error}", mend=_EXAMPLES) from error
    if not command:
        raise UsageError("process: names no command", mend=_EXAMPLES)
    updated = _with(chosen, process=command, directory=Path.cwd(), name=chosen.name or Path(command[0]).name)
    return ProcessTarget(updated, ports or chosen.ports)


_KINDS: dict[str, Callable[[str, str | None], Target]] = {
    "image": _image,
    "build": _build,
    "container": _container,
    "host": _host,
    "process": _process,
}


def _needed(kind: str, rest: str, profile: str | None) -> None:
    if profile is None:
        raise UsageError(
            f"{kind}:{rest} needs a profile: its ports and accounts are not known",
            mend=f"--profile NAME|FILE: {', '.join(bundled_names())}, or your own (docs/profiles.md)",
        )


def _ports(rest: str) -> tuple[str, dict[str, int]]:
    """What stands before the question mark, and the ports behind it. Raises UsageError naming the bad part."""
    before, question, query = rest.rpartition("?")
    if not question:
        return rest, {}
    ports: dict[str, int] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name not in PROTOCOLS:
            raise UsageError(f"{part!r} names no endpoint; {suggestion(name, PROTOCOLS)}", mend=_EXAMPLES)
        if not value.isascii() or not value.isdigit() or not 0 < int(value) <= 65535:
            raise UsageError(f"{value!r} is no port for {name}", mend=_EXAMPLES)
        ports[name] = int(value)
    if not before:
        raise UsageError(f"nothing stands before the question mark in {rest!r}", mend=_EXAMPLES)
    return before, ports


def _short(image: str) -> str:
    """The last part of an image's name, without its tag."""
    return image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]


def _tag(image: str) -> str:
    """Its tag, or its digest: all that the string says of a version."""
    last = image.rsplit("/", 1)[-1]
    return last.partition("@")[2] or last.partition(":")[2]
