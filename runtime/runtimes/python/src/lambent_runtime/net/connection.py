"""The other end of a socket: it reads HTTP/1.1 requests and writes their responses."""

import errno
import http as standard

import h11

from lambent_runtime.net import failures
from lambent_runtime.net.exchange import Exchange

_REASONS = {int(status): status.phrase.encode() for status in standard.HTTPStatus}
#: Fields of a response that are about the host's own connection.
_NOT_GIVEN = frozenset(b"connection keep-alive transfer-encoding upgrade trailer".split())


class Connection:
    def __init__(self, host, port, tls_mark):
        self._name = host
        self._port = port
        self._secure = False
        self._tls_mark = tls_mark
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        self._ready = bytearray()  # What the library can read.
        self._exchange = None
        self._has_response = False
        self._ended = False
        self._failure = None

    def start_tls(self, name=None):
        self._secure = True
        if name:
            self._name = name

    def receive(self, data, timeout):
        """Takes what the library sent."""
        self._raise_failure()
        if data.startswith(self._tls_mark):
            self._secure, data = True, data[len(self._tls_mark) :]
        if not data:
            return
        self._end_cycle()
        try:
            self._protocol.receive_data(data)
            self._take_events(timeout)
        except h11.RemoteProtocolError as error:
            raise OSError(
                errno.EPROTONOSUPPORT,
                f"{self._name}:{self._port}: what is sent is not HTTP/1.1 ({error}): functions reach the"
                " network by HTTP only",
            ) from None

    def _end_cycle(self):
        """Ends a response that the library has read as far as its length said."""
        while self._has_response and self._exchange is not None:
            if not self._advance():
                self._wait()
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()

    def _wait(self):
        with self._exchange.subscribe() as pollable:
            pollable.block()

    def _take_events(self, timeout):
        while True:
            event = self._protocol.next_event()
            if isinstance(event, h11.Request):
                self._begin(event, timeout)
            elif isinstance(event, h11.Data):
                self._exchange.write(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._exchange.end_request()
                if timeout != 0:
                    self._await_head()
            else:
                return  # More has to be sent.

    def _await_head(self):
        """Waits for the response, so that what a connection fails with elsewhere is raised before
        the library takes the request for sent. Other failures are raised when it reads."""
        try:
            while not self._advance():
                self._wait()
        except OSError as failure:
            if failures.is_of_connecting(failure):
                raise

    def _begin(self, request, timeout):
        self._close_exchange()
        self._has_response = False
        target = request.target.decode("latin-1")
        if not target.startswith("/"):
            target = _path_of(target)
        self._exchange = Exchange(
            self._secure, self._authority(), request.method.decode("latin-1"), target,
            request.headers.raw_items(), timeout,
        )
        if self._protocol.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))

    def _authority(self):
        name = f"[{self._name}]" if ":" in self._name else self._name
        return name if self._port == (443 if self._secure else 80) else f"{name}:{self._port}"

    def _write(self, event):
        data = self._protocol.send(event)
        if data:
            self._ready += data

    def give(self, size, wait, peek=False):
        """What the library reads: empty at the end, None if nothing is there yet."""
        while not self._ready:
            self._raise_failure()
            if self._exchange is None or self._ended:
                return b""
            if not self._advance():
                if not wait:
                    return None
                self._wait()
        data = bytes(self._ready[:size])
        if not peek:
            del self._ready[:size]
        return data

    def _advance(self):
        """Takes what the host has; says whether there was anything."""
        try:
            if not self._has_response:
                response = self._exchange.response()
                if response is None:
                    return False
                self._has_response = True
                self._write(_head(*response))
                return True
            data = self._exchange.read()
            if data:
                self._write(h11.Data(data=data))
            elif data is None:
                self._write(h11.EndOfMessage())
                self._close_exchange()
                self._ended = self._protocol.our_state is h11.MUST_CLOSE
            return data != b""
        except OSError as failure:
            self._failure = failure
            self._close_exchange()
            raise
        except h11.LocalProtocolError as error:
            # More or fewer bytes than the response's head had said.
            self._failure = ConnectionResetError(errno.ECONNRESET, f"the response broke off: {error}")
            self._close_exchange()
            raise self._failure from None

    def is_readable(self):
        if self._ready or self._failure or self._ended:
            return True
        if self._exchange is None:
            return False
        try:
            return self._advance()
        except OSError:
            return True  # Reading raises it.

    def subscribe(self):
        return None if self._exchange is None else self._exchange.subscribe()

    def _raise_failure(self):
        if self._failure is not None:
            raise self._failure

    def _close_exchange(self):
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.close()

    def reset(self):
        self._close_exchange()
        self._failure = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    def close(self):
        self._close_exchange()
        self._ended = True


def _head(status, fields):
    kept = [(name.encode("latin-1"), value) for name, value in fields if name.lower().encode() not in _NOT_GIVEN]
    return h11.Response(status_code=status, headers=kept, reason=_REASONS.get(status, b""))


def _path_of(target):
    """The path of a target that names its host, as libraries send to a proxy."""
    _, _, rest = target.partition("://")
    slash = rest.find("/")
    if not rest or slash < 0:
        raise OSError(errno.EOPNOTSUPP, f"{target}: proxies are not supported, since the host makes the connections")
    return rest[slash:]
