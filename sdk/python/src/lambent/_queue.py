"""Messages that are sent. What receives them is a function that a trigger calls."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional

from lambent import _given
from lambent._backend import Backend, current

#: Attributes that are about the delivery, by the name that the node gives them.
_GROUP, _DEDUPLICATION = "lambent-group", "lambent-deduplication"


class Queue:
    """A queue of the function's namespace. It costs nothing to make one."""

    def __init__(self, name: str, node: Optional[Backend] = None) -> None:
        self.name = _given.text(name, "the name of a queue")
        self._given = node

    @property
    def _node(self) -> Backend:
        return self._given or current()

    def __repr__(self) -> str:
        return f"queue({self.name!r})"

    def send(
        self,
        data: Any,
        *,
        attributes: Optional[Mapping[str, str]] = None,
        content_type: Optional[str] = None,
        group: Optional[str] = None,
        deduplication: Optional[str] = None,
    ) -> None:
        """Sends a message; once this returns, it will not be lost.

        Bytes and text are sent as they are, anything else as JSON. A FIFO queue needs the `group`,
        within which messages keep their order; of two messages with the same `deduplication` id
        within five minutes, the second is not kept.
        """
        body, own_type = _encoded(data)
        metadata: Dict[str, str] = dict(attributes or {})
        _given.message(body, metadata)
        for name, what, value in ((_GROUP, "the group", group), (_DEDUPLICATION, "the deduplication id", deduplication)):
            if value is not None:
                metadata[name] = _given.text(value, what, _given.DELIVERY)
        media_type = content_type or own_type
        self._node.send(self.name, body, media_type and _given.text(media_type, "the media type"), metadata)


def _encoded(data: Any) -> "tuple[bytes, Optional[str]]":
    if isinstance(data, (str, bytes, bytearray, memoryview)):
        return _given.data(data), "text/plain; charset=utf-8" if isinstance(data, str) else None
    return json.dumps(data).encode(), "application/json"


def queue(name: str) -> Queue:
    """The queue of this name."""
    return Queue(name)
