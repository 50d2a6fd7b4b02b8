"""Keys and their values."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional

from lambent import _given
from lambent._backend import Backend, current
from lambent._errors import Conflict
from lambent._given import Value, data, text, whole

_KEY = "a key"
#: The numbers that a counter can be.
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class Keyspace:
    """A keyspace of the function's namespace. It costs nothing to make one."""

    def __init__(self, name: str, node: Optional[Backend] = None) -> None:
        self.name = _given.keyspace(name)
        self._given = node

    @property
    def _node(self) -> Backend:
        return self._given or current()

    def __repr__(self) -> str:
        return f"keyspace({self.name!r})"

    def get(self, key: str) -> Optional[bytes]:
        """The value of a key; None if it has none."""
        return self._node.get(self.name, text(key, _KEY))

    def get_text(self, key: str) -> Optional[str]:
        """The value of a key as text."""
        value = self.get(key)
        return None if value is None else value.decode()

    def get_json(self, key: str) -> Any:
        """The value of a key as JSON; None if it has none."""
        value = self.get(key)
        return None if value is None else json.loads(value)

    def get_many(self, keys: Iterable[str]) -> Dict[str, bytes]:
        """The values of those keys that have one."""
        names = _given.keys(keys)
        found = self._node.get_many(self.name, names)
        return {key: value for key, value in zip(names, found) if value is not None}

    def set(self, key: str, value: Value) -> None:
        """Gives a key a value."""
        self._node.set_many(self.name, [_given.entry(key, value)])

    def set_json(self, key: str, value: Any) -> None:
        """Gives a key a value as JSON."""
        self.set(key, json.dumps(value))

    def set_many(self, values: Mapping[str, Value]) -> None:
        """Gives several keys their values: all of them, or none if one is refused."""
        self._node.set_many(self.name, _given.entries(values))

    def delete(self, *keys: str) -> None:
        """Deletes keys, all at once; those that are not there are no error."""
        self._node.delete_many(self.name, _given.keys(keys))

    def exists(self, key: str) -> bool:
        """Whether a key has a value."""
        return self._node.has_key(self.name, text(key, _KEY))

    __contains__ = exists

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys, in order. A page is fetched when the iteration comes to it; with a prefix, all
        are read, and those that begin otherwise are left out."""
        cursor: Optional[str] = None
        while True:
            page, cursor = self._node.keys(self.name, cursor)
            yield from (key for key in page if key.startswith(prefix))
            if cursor is None:
                return

    __iter__ = keys

    def increment(self, key: str, by: int = 1) -> int:
        """Adds to the decimal number that a key holds, 0 if it has no value; gives the sum. Nobody
        comes between. `Conflict` if the value is no number of 64 bits."""
        return self._node.increment(self.name, text(key, _KEY), whole(by, "what is added", _LEAST, _MOST))

    def swap(self, key: str, old: Optional[Value], new: Value) -> None:
        """Gives a key a value if it has the value `old` still, or none if that is None; else raises
        `Conflict`."""
        before = None if old is None else data(old)
        if not self._node.swap(self.name, text(key, _KEY), before, _given.entry(key, new)[1]):
            raise Conflict(f'the value of key {key!r} of keyspace "{self.name}" is another by now')

    def update(self, key: str, change: Callable[[Optional[bytes]], Value]) -> bytes:
        """Replaces a value by what `change` makes of it, again whenever another writer was faster;
        gives the new one."""
        while True:
            old = self.get(key)
            _, new = _given.entry(key, change(old))
            if self._node.swap(self.name, key, old, new):
                return new


def keyspace(name: str) -> Keyspace:
    """The keyspace of this name."""
    return Keyspace(name)

