"""What callers give, checked before it goes to the node: more than a host takes in one call would end
the function."""

from __future__ import annotations

from typing import Iterable, List, Mapping, Sequence, Tuple, Union

from lambent import _errors

Value = Union[bytes, bytearray, memoryview, str]

#: Bytes of a key or a name, of a value or a message, of a batch, and of the attributes of a message.
KEY, VALUE, BATCH_BYTES, ATTRIBUTES_BYTES = 1024, 1 << 20, 8_000_000, 16 << 10
#: Bytes of the group and the deduplication id of a message.
DELIVERY = 128
#: Keys, and attributes of a message, at once.
BATCH = 1000


def text(value: str, what: str, most: int = KEY) -> str:
    """Text that has a form in UTF-8, of at most so many bytes."""
    _limit(what, len(_utf8(value, what)), most)
    return value


def _utf8(value: str, what: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} {value!r:.100} has a part of a character, which UTF-8 has no form for") from None


def _limit(what: str, size: int, most: int) -> None:
    if size > most:
        raise _errors.TooLarge(f"{what} has {size} bytes; the most is {most}")


def keyspace(name: str) -> str:
    """The name of a keyspace."""
    if name == "":  # To the interface, which components from elsewhere have too, it would be `default`.
        raise _errors.Error("keyspace name is empty; give 1 to 64 characters of A-Z a-z 0-9 _ -")
    return text(name, "the name of a keyspace")


def texts(values: Iterable[str], what: str) -> List[str]:
    """Texts of `text`."""
    if isinstance(values, str):
        raise TypeError(f"give a list of str, of which each is {what}")
    return [text(value, what) for value in values]


def keys(values: Iterable[str]) -> List[str]:
    """Keys of a keyspace, of which one call takes so many."""
    if not isinstance(values, str):
        values = list(values)
        if len(values) > BATCH:
            raise _errors.TooLarge(f"{len(values)} keys at once are too many; the most is {BATCH}")
    return texts(values, "a key")


def data(value: Value) -> bytes:
    """Bytes as they are, and text as UTF-8."""
    if isinstance(value, str):
        return _utf8(value, "a value")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"give bytes or str, not {type(value).__name__}; json.dumps() makes text of other values")


def entry(key: str, value: Value) -> Tuple[str, bytes]:
    """A key and its value."""
    content = data(value)
    _limit(f'the value of key "{text(key, "a key")}"', len(content), VALUE)
    return key, content


def entries(values: Mapping[str, Value]) -> List[Tuple[str, bytes]]:
    """Keys and their values, of which one call takes so many."""
    keys(values)
    pairs = [entry(key, value) for key, value in values.items()]
    size = sum(len(key.encode()) + len(value) for key, value in pairs)
    if size > BATCH_BYTES:
        raise _errors.TooLarge(f"a batch has {size} bytes of keys and values; the most is {BATCH_BYTES}")
    return pairs


def whole(value: int, what: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int):
        raise TypeError(f"{what} is an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{what} is {value}; it must be {least} to {most}")
    return value


def message(body: bytes, attributes: Mapping[str, str]) -> None:
    """A message, and what goes with it."""
    if len(attributes) > BATCH:
        raise _errors.TooLarge(f"message 1: it has {len(attributes)} attributes; the most is {BATCH}")
    size = 0
    for name, value in attributes.items():
        size += len(_utf8(name, "an attribute's name")) + len(_utf8(value, f"the attribute {name!r:.100}"))
    if size > ATTRIBUTES_BYTES:
        raise _errors.TooLarge(f"message 1: its attributes are {size} bytes; the most is {ATTRIBUTES_BYTES}")
    if len(body) + size > VALUE:
        raise _errors.TooLarge(f"message 1: body and attributes are {len(body) + size} bytes; the most is 1 MiB")
