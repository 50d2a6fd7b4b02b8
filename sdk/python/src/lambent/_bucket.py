"""Objects in buckets."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, BinaryIO, Iterable, Iterator, Literal, Optional, TextIO, Tuple, Union, cast, overload

from lambent._backend import Backend, Reading, Writing, current
from lambent._given import Value, data, text, texts, whole

#: Bytes that are read or written at once.
PIECE = 256 << 10
#: The end of an object, however large.
_END = (1 << 64) - 1
#: Objects that one call deletes.
_DELETED_AT_ONCE = 1000

_KEY = "an object's key"

Content = Union[Value, BinaryIO, Iterable[Value]]


@dataclass(frozen=True)
class ObjectInfo:
    """What is known of an object."""

    key: str
    #: In bytes.
    size: int
    #: When it was written, to the second.
    created: datetime


class Bucket:
    """A bucket of the function's namespace. It costs nothing to make one."""

    def __init__(self, name: str, node: Optional[Backend] = None) -> None:
        self.name = text(name, "the name of a bucket")
        self._given = node

    @property
    def _node(self) -> Backend:
        return self._given or current()

    def __repr__(self) -> str:
        return f"bucket({self.name!r})"

    def get(self, key: str, start: int = 0, end: Optional[int] = None) -> bytes:
        """An object, or its bytes from `start` to before `end`; `NotFound` if there is none."""
        whole(start, "start", 0, _END)
        if end is not None and whole(end, "end", 0, _END) <= start:
            return b""
        reading = self._node.read(self.name, text(key, _KEY), start, _END if end is None else end - 1)
        try:
            return b"".join(iter(lambda: reading.read(PIECE), b""))
        finally:
            reading.close()

    def put(self, key: str, content: Content) -> None:
        """Writes an object, in place of any of that key: bytes, text as UTF-8, a file that is open,
        or an iterable of bytes, of which only a piece is in memory. If it fails, nothing changed."""
        with self.open(key, "wb") as file:
            for piece in _pieces(content):
                file.write(data(piece))

    @overload
    def open(self, key: str, mode: Literal["rb", "wb"] = "rb") -> BinaryIO: ...

    @overload
    def open(
        self, key: str, mode: Literal["r", "w"], encoding: Optional[str] = None, newline: Optional[str] = None
    ) -> TextIO: ...

    def open(
        self, key: str, mode: str = "rb", encoding: Optional[str] = None, newline: Optional[str] = None
    ) -> Union[BinaryIO, TextIO]:
        """An object as a file, of which only a piece is in memory: "rb" to read bytes, "wb" to write
        them, "r" and "w" for text, in UTF-8 if no other encoding is given. What is written is there
        once the file is closed, and not if it is closed because of an exception, or never."""
        if mode not in ("rb", "wb", "r", "w"):
            raise ValueError(f'the mode is "r", "w", "rb" or "wb", not {mode!r}')
        if "b" in mode and not (encoding is None and newline is None):
            raise ValueError(f'a file of bytes has no encoding and no newlines; the mode is "{mode[0]}" for text')
        if "r" in mode:
            reading = self._node.read(self.name, text(key, _KEY), 0, _END)
            bytes_read = io.BufferedReader(_Reader(reading), PIECE)
            return bytes_read if "b" in mode else io.TextIOWrapper(bytes_read, encoding or "utf-8", newline=newline)
        writer = _Writer(_Sink(self._node.write(self.name, text(key, _KEY))), PIECE)
        # The same on every machine.
        return writer if "b" in mode else _TextWriter(writer, encoding or "utf-8", newline="\n" if newline is None else newline)

    def head(self, key: str) -> ObjectInfo:
        """The size and age of an object; `NotFound` if there is none."""
        size, created = self._node.info(self.name, text(key, _KEY))
        return ObjectInfo(key, size, datetime.fromtimestamp(created, timezone.utc))

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        return self._node.has_object(self.name, text(key, _KEY))

    __contains__ = exists

    def list(self, prefix: str = "") -> Iterator[str]:
        """The keys of all objects, in order. A page is fetched when the iteration comes to it; with
        a prefix, all are read, and those that begin otherwise are left out."""
        for page in self._node.objects(self.name):
            yield from (key for key in page if key.startswith(prefix))

    __iter__ = list

    def delete(self, *keys: str) -> None:
        """Deletes objects; those that are not there are no error."""
        names = texts(keys, _KEY)
        for first in range(0, len(names), _DELETED_AT_ONCE):
            self._node.delete_objects(self.name, names[first : first + _DELETED_AT_ONCE])

    def copy(self, key: str, to: str, bucket: Optional[str] = None) -> None:
        """Copies an object to another key, with its metadata, in this bucket or another. It does not
        pass through the function."""
        self._node.copy((self.name, text(key, _KEY)), self._other(bucket, to))

    def move(self, key: str, to: str, bucket: Optional[str] = None) -> None:
        """Copies an object, and then deletes it where it was."""
        self._node.move((self.name, text(key, _KEY)), self._other(bucket, to))

    def _other(self, bucket: Optional[str], key: str) -> Tuple[str, str]:
        return text(bucket or self.name, "the name of a bucket"), text(key, _KEY)


def _pieces(content: Content) -> Iterator[Value]:
    read = getattr(content, "read", None)
    if isinstance(content, (str, bytes, bytearray, memoryview)):
        yield content
    elif read is None:
        yield from content
    else:
        while piece := read(PIECE):
            yield piece


class _Reader(io.RawIOBase):
    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self._reading = reading

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        data = self._reading.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._reading.close()
        super().close()


class _Sink(io.RawIOBase):
    """Where a file's bytes go."""

    def __init__(self, writing: Writing) -> None:
        super().__init__()
        self._writing: Optional[Writing] = writing

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        # What was in a buffer when the file was abandoned.
        return len(view) if self._writing is None else self._writing.write(view)

    def end(self, finish: bool) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.finish() if finish else writing.abandon()


class _Writer(io.BufferedWriter):
    """A file whose content becomes an object when it is closed."""

    def __init__(self, sink: _Sink, size: int) -> None:
        super().__init__(sink, size)
        self._sink = sink
        self._handled = sys.exc_info()[1]

    def abandon(self) -> None:
        """Leaves nothing of what was written."""
        self._sink.end(False)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.abandon()
        self.close()

    def close(self) -> None:
        if self.closed:
            return
        # Whatever wraps this file closes it also when an exception leaves its own `with`.
        if sys.exc_info()[1] is not self._handled:
            self.abandon()
        self._handled = None
        try:
            self.flush()
            self._sink.end(True)
        finally:
            self._sink.end(False)
            super().close()

    def __del__(self) -> None:
        # Who forgets a file did not say that all was written.
        self.abandon()


class _TextWriter(io.TextIOWrapper):
    """A file of text whose content becomes an object when it is closed."""

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._abandon()
        self.close()

    def _abandon(self) -> None:
        cast(_Writer, self.buffer).abandon()

    def __del__(self) -> None:
        self._abandon()


def bucket(name: str) -> Bucket:
    """The bucket of this name."""
    return Bucket(name)
