"""Keyspaces and buckets in memory, in the place of the node's."""

from __future__ import annotations

import re
import time
import weakref
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from lambent import _errors
from lambent._given import KEY
from lambent.testing._queues import Messages

#: Bytes of values that one call gives, keys on a page, and objects that a function may have open.
GIVEN_BYTES, PAGE, OPEN = 8 << 20, 1000, 32

#: Characters of a name.
NAME = 64
QUEUE_NAME = 80
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
_BUCKET_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_COUNTER = re.compile(rb"-?[0-9]+")


@dataclass
class Object:
    """The bytes, and when they were written."""

    content: bytes
    created: int


class Resources:
    """Everything that is there, whoever may reach it."""

    def __init__(self) -> None:
        self.keyspaces: Dict[str, Dict[str, bytes]] = {}
        self.buckets: Dict[str, Dict[str, Object]] = {}
        self.queues: Dict[str, Messages] = {}
        self._open: "weakref.WeakSet[_Stream]" = weakref.WeakSet()

    def keep(self, stream: "_Stream") -> None:
        """Counts an object that is read or written, until it is closed."""
        if len(self._open) == OPEN:
            raise _errors.Error(f"the function has {OPEN} objects open to be read or written; close some first")
        self._open.add(stream)
        stream.kept = self._open

    def create(self, resource: str) -> None:
        kind, name = _parsed(resource)
        _check_name(kind, name)
        if kind == "queue":
            self.queues.setdefault(name, Messages(name))
        elif kind == "bucket":
            self.buckets.setdefault(name, {})
        else:
            self.keyspaces.setdefault(name, {})

    def delete(self, resource: str) -> None:
        kind, name = _parsed(resource)
        self.of(kind).pop(name, None)

    def of(self, kind: str) -> Dict[str, Any]:
        all: Dict[str, Dict[str, Any]] = {"keyspace": self.keyspaces, "bucket": self.buckets, "queue": self.queues}
        return all[kind]


def _parsed(resource: str) -> Tuple[str, str]:
    kind, colon, name = resource.partition(":")
    if not colon or kind not in ("keyspace", "bucket", "queue"):
        raise ValueError(f"{resource!r} is no resource; write one as in keyspace:todo")
    return kind, name


def _check_name(kind: str, name: str) -> None:
    if kind == "bucket":
        if not _BUCKET_NAME.fullmatch(name):
            raise _errors.Error(
                "a bucket name has 3 to 63 characters of a-z 0-9 . -, begins and ends with a letter or "
                "digit, and has no two dots in a row"
            )
    elif kind == "queue":
        suffix = ".fifo" if name.endswith(".fifo") else ""
        _check_plain_name(kind, name[: len(name) - len(suffix)], QUEUE_NAME - len(suffix))
    else:
        _check_plain_name(kind, name, NAME)


def _check_plain_name(kind: str, name: str, most: int) -> None:
    if name == "":
        raise _errors.of_text(f"{kind} name is empty; give 1 to {most} characters of A-Z a-z 0-9 _ -")
    wrong = _NO_NAME.search(name)
    if wrong:
        position = wrong.start() + 1
        raise _errors.of_text(f"{kind} name has the character '{wrong[0]}' at position {position}; use A-Z a-z 0-9 _ -")
    if len(name) > most:
        raise _errors.of_text(f"{kind} name has {len(name)} characters; the most is {most}")


def _check_given_name(kind: str, name: str) -> None:
    """Checks a name that a function gives; the interfaces of two kinds have words of their own for them."""
    own = {"bucket": "container", "queue": "topic"}.get(kind)
    try:
        _check_name(kind, name)
    except _errors.Error as error:
        raise _errors.of_text(f'{own} "{name}": {error}') if own else error from None


def _in_order(keys: Iterable[str]) -> List[str]:
    return sorted(keys, key=str.encode)


class View:
    """The operations of `lambent._backend`, by what was granted; without grants, all of them."""

    def __init__(self, resources: Resources, grants: Optional[Mapping[str, str]]) -> None:
        self._resources, self._grants = resources, grants

    def _opened(self, kind: str, name: str, wanted: str) -> Any:
        """A resource that was granted and is there, whatever may be done with it."""
        _check_given_name(kind, name)
        there = name in self._resources.of(kind)
        if self._grants is not None and f"{kind}:{name}" not in self._grants:
            # Which of the two is asked for first, a bucket does not know yet when it is opened; and of
            # a keyspace that was not granted, nobody is told whether it is there.
            if kind == "keyspace":
                raise _errors.not_granted(kind, name, wanted, None)
            raise self._refused(kind, name, "read", None)
        if not there:
            if kind == "keyspace":
                raise _errors.no_keyspace(name)
            raise _errors.NotFound(f'{kind} "{name}" does not exist in namespace "default"')
        return self._resources.of(kind)[name]

    def _refused(self, kind: str, name: str, wanted: str, has: Optional[str]) -> _errors.Error:
        return _errors.not_granted(kind, name, wanted, has, name in self._resources.of(kind))

    def _check(self, kind: str, name: str, wanted: str) -> None:
        _check_given_name(kind, name)
        if self._grants is None:
            return
        has = self._grants.get(f"{kind}:{name}")
        if has is None or wanted not in has:
            raise self._refused(kind, name, wanted, has)

    def _reached(self, kind: str, name: str, wanted: str) -> Any:
        opened = self._opened(kind, name, wanted)
        self._check(kind, name, wanted)
        return opened

    # Keyspaces

    def get(self, keyspace: str, key: str) -> Optional[bytes]:
        entries: Dict[str, bytes] = self._reached("keyspace", keyspace, "read")
        return entries.get(key)

    def get_many(self, keyspace: str, keys: Sequence[str]) -> List[Optional[bytes]]:
        entries = self._reached("keyspace", keyspace, "read")
        values = [entries.get(key) for key in keys]
        if sum(len(value) for value in values if value is not None) > GIVEN_BYTES:
            raise _errors.TooLarge(
                f"the values are larger than {GIVEN_BYTES} bytes together; get fewer at once"
            )
        return values

    def set_many(self, keyspace: str, values: Sequence[Tuple[str, bytes]]) -> None:
        entries = self._reached("keyspace", keyspace, "write")
        for key, _ in values:
            _check_key("a key", key)
        entries.update(values)

    def delete_many(self, keyspace: str, keys: Sequence[str]) -> None:
        entries = self._reached("keyspace", keyspace, "write")
        for key in keys:
            _check_key("a key", key)
        for key in keys:
            entries.pop(key, None)

    def has_key(self, keyspace: str, key: str) -> bool:
        return self.get(keyspace, key) is not None

    def keys(self, keyspace: str, cursor: Optional[str]) -> Tuple[Sequence[str], Optional[str]]:
        entries = self._reached("keyspace", keyspace, "read")
        after = None if cursor is None else cursor.encode()
        keys = [key for key in _in_order(entries) if after is None or key.encode() > after]
        return keys[:PAGE], keys[PAGE - 1] if len(keys) > PAGE else None

    def increment(self, keyspace: str, key: str, by: int) -> int:
        entries = self._reached("keyspace", keyspace, "write")
        _check_key("a key", key)
        value = entries.get(key, b"0")
        total = int(value) + by if _COUNTER.fullmatch(value) else None
        if total is None or any(not -(1 << 63) <= number < 1 << 63 for number in (total, total - by)):
            raise _errors.Conflict(
                f'the value of key "{key}" is, or would become, no decimal number of 64 bits, so it '
                "cannot be counted with; set or delete it first"
            )
        entries[key] = str(total).encode()
        return total

    def swap(self, keyspace: str, key: str, old: Optional[bytes], new: bytes) -> bool:
        if self.get(keyspace, key) != old:
            return False
        self.set_many(keyspace, [(key, new)])
        return True

    # Buckets

    def _object(self, bucket: str, key: str) -> Object:
        objects: Dict[str, Object] = self._reached("bucket", bucket, "read")
        if key not in objects:
            raise _errors.NotFound(f'bucket "{bucket}" has no object "{key}"')
        return objects[key]

    def read(self, bucket: str, key: str, start: int, last: int) -> "_Reading":
        content = self._object(bucket, key).content
        if start and start >= len(content):
            raise _errors.Error(f'object "{key}" ends at byte {len(content)}, before the range begins')
        reading = _Reading(content[start : last + 1])
        self._resources.keep(reading)
        return reading

    def write(self, bucket: str, key: str) -> "_Writing":
        writing = _Writing(self._reached("bucket", bucket, "write"), key)
        self._resources.keep(writing)
        return writing

    def info(self, bucket: str, key: str) -> Tuple[int, int]:
        found = self._object(bucket, key)
        return len(found.content), found.created

    def has_object(self, bucket: str, key: str) -> bool:
        return key in self._reached("bucket", bucket, "read")

    def objects(self, bucket: str) -> Iterable[Iterable[str]]:
        return [_in_order(self._reached("bucket", bucket, "read"))]

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> None:
        objects = self._reached("bucket", bucket, "write")
        for key in keys:
            objects.pop(key, None)

    def copy(self, source: Tuple[str, str], target: Tuple[str, str]) -> None:
        self._check("bucket", source[0], "read")
        self._check("bucket", target[0], "write")
        content = self._object(*source).content
        _check_key("an object's key", target[1])
        self._opened("bucket", target[0], "write")[target[1]] = Object(content, int(time.time()))

    def move(self, source: Tuple[str, str], target: Tuple[str, str]) -> None:
        self._check("bucket", source[0], "write")
        self.copy(source, target)
        if source != target:
            self.delete_objects(source[0], [source[1]])

    # Queues

    def send(self, queue: str, body: bytes, content_type: Optional[str], metadata: Mapping[str, str]) -> None:
        self._check("queue", queue, "write")
        self._opened("queue", queue, "write").send(body, content_type, metadata)


def _check_key(what: str, key: str) -> None:
    if key == "":
        raise _errors.Error(f"{what} is empty; give 1 to {KEY} bytes of UTF-8")


class _Stream:
    """An object that is open."""

    kept: "Optional[weakref.WeakSet[_Stream]]" = None

    def _end(self) -> None:
        if self.kept is not None:
            self.kept.discard(self)


class _Reading(_Stream):
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def read(self, most: int) -> bytes:
        piece = self._content[self._at : self._at + most]
        self._at += len(piece)
        return piece

    def close(self) -> None:
        self._content = b""
        self._end()


class _Writing(_Stream):
    def __init__(self, objects: Dict[str, Object], key: str) -> None:
        self._objects, self._key, self._content = objects, key, bytearray()

    def write(self, data: memoryview) -> int:
        self._content += data
        return len(data)

    def finish(self) -> None:
        self._end()
        _check_key("an object's key", self._key)
        self._objects[self._key] = Object(bytes(self._content), int(time.time()))

    def abandon(self) -> None:
        self._content.clear()
        self._end()
