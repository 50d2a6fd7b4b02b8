"""A node in memory, for tests on one's own machine, and the events that a node delivers.

    from lambent.testing import events, memory

    def test_thumbnail():
        with memory("bucket:photos=read", "keyspace:sizes=write") as node:
            node.bucket("photos").put("cat.jpg", b"three")
            lambda_handler(events.object_created("photos", "cat.jpg", size=5), None)
            assert node.keyspace("sizes").get_text("cat.jpg") == "5"

What the function may do is given as to `lambent grant add`. It keeps to what a node promises as far as
a function can tell: grants, limits, the order of keys, errors and their texts. It runs no triggers, keeps
nothing, and has no quotas, fuel or deadlines.
"""

from __future__ import annotations

import os
from typing import Dict, List, Optional

from lambent._bucket import Bucket
from lambent._keyspace import Keyspace
from lambent.testing import events
from lambent.testing._memory import Resources, View
from lambent.testing._queues import Sent

__all__ = ["Node", "Sent", "events", "memory"]

_nodes: List["Node"] = []


class Node:
    """Keyspaces, buckets and queues in memory, and what the function was granted of them."""

    def __init__(self, *grants: str, function: str = "function") -> None:
        self._resources = Resources()
        self._grants: Dict[str, str] = {}
        self._function = function
        self._before: Optional[str] = None
        self._all = View(self._resources, None)
        self._granted = View(self._resources, self._grants)
        self.grant(*grants)

    def grant(self, *grants: str) -> None:
        """Grants the function something, and creates what is not there: `keyspace:todo=read-write`,
        `bucket:photos=read`, `queue:jobs=write`."""
        for grant in grants:
            resource, equals, access = grant.partition("=")
            if not equals or access not in ("read", "write", "read-write"):
                raise ValueError(f"{grant!r} is no grant; write one as in keyspace:todo=read-write")
            self.create(resource)
            self._grants[resource] = access

    def create(self, *resources: str) -> None:
        """Creates what the function is not granted: `keyspace:theirs`."""
        for resource in resources:
            self._resources.create(resource)

    def delete(self, *resources: str) -> None:
        """Deletes a resource with what is in it; what was granted of it stays granted."""
        for resource in resources:
            self._resources.delete(resource)

    def keyspace(self, name: str) -> Keyspace:
        """A keyspace as its owner reaches it, whatever was granted."""
        self.create(f"keyspace:{name}")
        return Keyspace(name, self._all)

    def bucket(self, name: str) -> Bucket:
        """A bucket as its owner reaches it, whatever was granted."""
        self.create(f"bucket:{name}")
        return Bucket(name, self._all)

    def sent(self, queue: str) -> List[Sent]:
        """The messages that were sent to a queue, the oldest first."""
        self.create(f"queue:{queue}")
        return list(self._resources.queues[queue].messages)

    def __enter__(self) -> "Node":
        _nodes.append(self)
        self._before = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        os.environ["AWS_LAMBDA_FUNCTION_NAME"] = self._function
        return self

    def __exit__(self, *_: object) -> None:
        _nodes.remove(self)
        if self._before is None:
            os.environ.pop("AWS_LAMBDA_FUNCTION_NAME", None)
        else:
            os.environ["AWS_LAMBDA_FUNCTION_NAME"] = self._before


def memory(*grants: str, function: str = "function") -> Node:
    """A node in memory, which the clients reach within `with`: `with memory("queue:jobs=write") as
    node:`. The function of that name is granted this and nothing else."""
    return Node(*grants, function=function)


def current() -> View:
    """What the clients reach."""
    if not _nodes:
        raise RuntimeError(
            "there is no node here: a function has one where it is deployed, and a test has one "
            "within `with lambent.testing.memory():`"
        )
    return _nodes[-1]._granted
