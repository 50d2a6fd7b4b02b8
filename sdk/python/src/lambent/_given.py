"""What callers give, checked before it goes to the node."""

from __future__ import annotations

from typing import Iterable, List, Mapping, Union

from lambent import _errors

Value = Union[bytes, bytearray, memoryview, str]

#: More than a node takes of a message, and less than it would end the function for.
_MESSAGE_BYTES, _ATTRIBUTES = 8 << 20, 1000


def text(value: str, what: str) -> str:
    """Text that has a form in UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} {value!r} has a part of a character, which UTF-8 has no form for") from None
    return value


def texts(values: Iterable[str], what: str) -> List[str]:
    """Texts of `text`."""
    if isinstance(values, str):
        raise TypeError(f"give a list of str, of which each is {what}")
    return [text(value, what) for value in values]


def data(value: Value) -> bytes:
    """Bytes as they are, and text as UTF-8."""
    if isinstance(value, str):
        return text(value, "a value").encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"give bytes or str, not {type(value).__name__}; json.dumps() makes text of other values")


def whole(value: int, what: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int):
        raise TypeError(f"{what} is an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{what} is {value}; it must be {least} to {most}")
    return value


def message(body: bytes, metadata: Mapping[str, str]) -> None:
    """A message that a node can look at; what it takes, it says itself."""
    if len(body) > _MESSAGE_BYTES:
        raise _errors.TooLarge(f"message 1: its body is {len(body)} bytes; the most is 1 MiB")
    if len(metadata) > _ATTRIBUTES:
        raise _errors.TooLarge(f"message 1: it has {len(metadata)} attributes; the most is {_ATTRIBUTES}")
    for name, value in metadata.items():
        text(name, "an attribute's name")
        text(value, f"the attribute {name!r}")
