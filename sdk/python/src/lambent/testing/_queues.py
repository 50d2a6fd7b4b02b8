"""Queues in memory, in the place of the node's."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from lambent import _errors

#: Seconds for which a FIFO queue knows what it was sent.
DEDUPLICATED = 300

_GROUP, _DEDUPLICATION = "lambent-group", "lambent-deduplication"


@dataclass(frozen=True)
class Sent:
    """A message that was sent."""

    body: bytes
    content_type: Optional[str] = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    group: Optional[str] = None
    deduplication: Optional[str] = None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Messages:
    """The messages of a queue."""

    def __init__(self, name: str) -> None:
        self._fifo = name.endswith(".fifo")
        self._known: Dict[str, float] = {}
        self.messages: List[Sent] = []

    def send(self, body: bytes, content_type: Optional[str], metadata: Mapping[str, str]) -> None:
        attributes = dict(metadata)
        group, deduplication = attributes.pop(_GROUP, None), attributes.pop(_DEDUPLICATION, None)
        self._check(group, deduplication)
        now = time.monotonic()
        if deduplication is not None:
            if now - self._known.get(deduplication, -DEDUPLICATED) < DEDUPLICATED:
                return
            self._known[deduplication] = now
        self.messages.append(Sent(body, content_type, attributes, group, deduplication))

    def _check(self, group: Optional[str], deduplication: Optional[str]) -> None:
        for what, text in (("group", group), ("deduplication id", deduplication)):
            if text == "":
                raise _errors.Error(f"message 1: its {what} must have 1 to 128 bytes")
        if self._fifo and group is None:
            raise _errors.Error("message 1: a FIFO queue needs the message's group")
        if not self._fifo and not (group is None and deduplication is None):
            raise _errors.Error(
                "message 1: only FIFO queues, whose names end in .fifo, have groups and duplicates"
            )
