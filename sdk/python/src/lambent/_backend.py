"""What the clients reach: the node that runs the function, or the one of a test."""

from __future__ import annotations

from typing import Iterable, List, Mapping, Optional, Protocol, Sequence, Tuple

from lambent import _errors


class Reading(Protocol):
    """An object that is being read."""

    def read(self, most: int) -> bytes:
        """The next bytes; none at the end."""

    def close(self) -> None: ...


class Writing(Protocol):
    """An object that is being written, and is there once it was finished."""

    def write(self, data: memoryview) -> int: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class Backend(Protocol):
    """The operations, by the name of the keyspace, bucket or queue."""

    def get(self, keyspace: str, key: str) -> Optional[bytes]: ...

    def get_many(self, keyspace: str, keys: Sequence[str]) -> List[Optional[bytes]]: ...

    def set_many(self, keyspace: str, values: Sequence[Tuple[str, bytes]]) -> None: ...

    def delete_many(self, keyspace: str, keys: Sequence[str]) -> None: ...

    def has_key(self, keyspace: str, key: str) -> bool: ...

    def keys(self, keyspace: str, cursor: Optional[str]) -> Tuple[Sequence[str], Optional[str]]: ...

    def increment(self, keyspace: str, key: str, by: int) -> int: ...

    def swap(self, keyspace: str, key: str, old: Optional[bytes], new: bytes) -> bool: ...

    def read(self, bucket: str, key: str, start: int, last: int) -> Reading: ...

    def write(self, bucket: str, key: str) -> Writing: ...

    def info(self, bucket: str, key: str) -> Tuple[int, int]:
        """Size, and seconds since 1970 when it was written."""

    def has_object(self, bucket: str, key: str) -> bool: ...

    def objects(self, bucket: str) -> Iterable[Iterable[str]]:
        """The keys, page by page."""

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> None: ...

    def copy(self, source: Tuple[str, str], target: Tuple[str, str]) -> None: ...

    def move(self, source: Tuple[str, str], target: Tuple[str, str]) -> None: ...

    def send(self, queue: str, body: bytes, content_type: Optional[str], metadata: Mapping[str, str]) -> None: ...


_host: Optional[Backend] = None


def current() -> Backend:
    """The node that runs the function; elsewhere that of the test."""
    global _host
    if _host is None:
        try:
            from lambent_runtime import node  # type: ignore[import-not-found]
        except ImportError:
            return _of_test()
        _host = node.Node(_errors)
    return _host


def _of_test() -> Backend:
    from lambent import testing

    return testing.current()
