"""Why a node does not do what a function asks."""

from __future__ import annotations

import os
import re
from typing import Optional


class Error(Exception):
    """What a keyspace, bucket or queue refused. The text is the node's."""


class NotGranted(Error):
    """The function was not granted this; the text says the command that grants it."""


class NotFound(Error):
    """There is no such object, or no keyspace, bucket or queue of that name."""


class Conflict(Error):
    """The value is not what the change is for: another one came first, or it is no number."""


class TooLarge(Error):
    """It is more than a node takes or gives at once."""


_TOO_LARGE = re.compile(r"the most is \d[\d.]*( [KMGT]?i?B| bytes)?$|; get fewer at once$")
_NOT_FOUND = re.compile(r'(bucket|keyspace|queue) "[^"]*" (has no object |does not exist in )')
_NOT_GRANTED = re.compile(r'function "[^"]*" may not ')


def of_text(text: str) -> Error:
    """The error that a text of the node is. Interfaces whose errors are text say no more."""
    if _NOT_GRANTED.match(text):
        return NotGranted(text)
    if _NOT_FOUND.match(text):
        return NotFound(text)
    if _TOO_LARGE.search(text):
        return TooLarge(text)
    if text.endswith("cannot be counted with; set or delete it first"):
        return Conflict(text)
    return Error(text)


def not_granted(noun: str, name: str, wanted: str, has: Optional[str], there: bool = True) -> NotGranted:
    """The node's words for what was not granted, where the interface has none: `wanted` and `has`
    are "read" or "write", and `has` is what was granted, if anything was."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "function")
    verb = "send to" if noun == "queue" and wanted == "write" else wanted
    but = f", but only {has} it" if has else ""
    access = "read-write" if has else wanted
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
    first = "" if there else f", which does not exist either; create it: lambent {noun} create {name}"
    then = "" if there else "then "
    return NotGranted(
        f'function "{function}" may not {verb} {noun} "{name}"{but}{first}; {then}grant it: '
        f"lambent grant add {function} {noun}:{name}={access}\n"
        f'or in lambent.toml, in [functions.{function}.grants.{noun}s]: {key} = "{access}"'
    )


def no_keyspace(name: str) -> NotFound:
    """The node's words for a keyspace that was granted and is not there."""
    return NotFound(f'keyspace "{name}" does not exist; create it first: lambent keyspace create {name}')
