"""`select` for the sockets of `sockets`."""

import select as module

from lambent_runtime import threads

POLLIN, POLLPRI, POLLOUT = 1, 2, 4


class Key:
    """What `waiting` needs to know of a socket that is waited for."""

    def __init__(self, fd, events):
        self.fd, self.events = fd, events


def _number(file):
    return file if isinstance(file, int) else file.fileno()


def select(rlist, wlist, xlist, timeout=None):
    from lambent_runtime.net import waiting

    rlist, wlist = list(rlist), list(wlist)
    keys = [Key(_number(file), 1) for file in rlist]
    if not wlist and keys and not waiting.ready(keys):
        if not waiting.wait(keys, timeout):
            raise threads.Deadlock("select() would wait for ever: nothing was sent on these sockets")
    elif not wlist and not keys and timeout:
        threads.sleep(timeout)
    readable = {key.fd for key, _ in waiting.ready(keys)}
    return [file for file in rlist if _number(file) in readable], wlist, []


class Poll:
    """`select.poll()`."""

    def __init__(self):
        self._masks = {}

    def register(self, file, mask=POLLIN | POLLPRI | POLLOUT):
        self._masks[_number(file)] = mask

    modify = register

    def unregister(self, file):
        del self._masks[_number(file)]

    def poll(self, timeout=None):
        reading = [number for number, mask in self._masks.items() if mask & POLLIN]
        writing = [number for number, mask in self._masks.items() if mask & POLLOUT]
        seconds = None if timeout is None or timeout < 0 else timeout / 1000
        readable, writable, _ = select(reading, writing, [], seconds)
        found = dict.fromkeys(readable, POLLIN)
        for number in writable:
            found[number] = found.get(number, 0) | POLLOUT
        return list(found.items())


def install():
    module.select, module.poll = select, Poll
    module.POLLIN, module.POLLPRI, module.POLLOUT = POLLIN, POLLPRI, POLLOUT
    module.POLLERR, module.POLLHUP, module.POLLNVAL = 8, 16, 32
