"""Plain data to JSON and back: frozen dataclasses of strings, numbers, octets, enums, tuples, mappings and options."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """What `json.dumps` takes; octets become Latin-1 text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {to_json(key): to_json(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    return value


def from_json(kind: type[T], value: Any) -> T:
    """The value of this type that `to_json` made it from. Raises ValueError, TypeError or KeyError for other JSON."""
    return typing.cast("T", _read(kind, value))


def _read(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin is not None:
        return _read_generic(origin, typing.get_args(kind), value)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        make = typing.cast("Any", kind)
        return make(**{name: _read(hints[name], each) for name, each in value.items()})
    if kind is bytes:
        return value.encode("latin-1")
    if issubclass(kind, Enum):
        return kind(value)
    if not isinstance(value, int | float if kind is float else kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _read_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    """An option, a tuple of one type, or a mapping."""
    if origin in (types.UnionType, typing.Union):
        (inner,) = (each for each in arguments if each is not type(None))
        return None if value is None else _read(inner, value)
    if origin is tuple:
        return tuple(_read(arguments[0], each) for each in value)
    return {_read(arguments[0], key): _read(arguments[1], each) for key, each in value.items()}
