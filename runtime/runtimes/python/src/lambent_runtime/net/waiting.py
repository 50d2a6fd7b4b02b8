"""Waiting for sockets and time at once, by `wasi:io/poll`."""

import selectors

from wit_world.imports import monotonic_clock, poll

from lambent_runtime import threads
from lambent_runtime.net import sockets


def ready(keys):
    """Which of a selector's keys can be read or written now."""
    found = []
    for key in keys:
        socket = sockets.by_number(key.fd)
        events = key.events & selectors.EVENT_WRITE
        if key.events & selectors.EVENT_READ and (socket is None or socket.is_readable()):
            events |= selectors.EVENT_READ
        if events:
            found.append((key, events))
    return found


def wait(keys, timeout):
    """Waits until one may be ready, or for so many seconds; False if nothing can happen."""
    reading = [key for key in keys if key.events & selectors.EVENT_READ]
    pollables = [
        pollable
        for pollable in (sockets.by_number(key.fd).subscribe() for key in reading)
        if pollable is not None
    ]
    if timeout is None and not pollables:
        return False
    if not pollables:
        threads.sleep(timeout)
        return True
    if timeout is not None:
        pollables.append(monotonic_clock.subscribe_duration(int(timeout * 1e9)))
    try:
        poll.poll(pollables)
    finally:
        for pollable in pollables:
            pollable.__exit__(None, None, None)
    return True
