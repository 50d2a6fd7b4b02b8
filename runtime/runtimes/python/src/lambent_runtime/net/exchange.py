"""One request and its response over `wasi:http`."""

import weakref

from componentize_py_types import Err, Ok
from wit_world.imports import outgoing_handler, streams
from wit_world.imports import wasi_http_types as http

from lambent_runtime.net import failures

#: Bytes that are read or written at once.
PIECE = 64 << 10

#: Fields that the host writes itself, or that are about the connection to the library.
_NOT_SENT = frozenset(
    b"connection expect host http2-settings keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)

_METHODS = {
    "GET": http.Method_Get, "HEAD": http.Method_Head, "POST": http.Method_Post,
    "PUT": http.Method_Put, "DELETE": http.Method_Delete, "OPTIONS": http.Method_Options,
    "TRACE": http.Method_Trace, "PATCH": http.Method_Patch, "CONNECT": http.Method_Connect,
}


class _Held:
    """What the host holds for an exchange. The host traps if a parent is given up before its children.

    A collector takes the objects of a cycle in any order, so these are in none: who closes them reaches them,
    and nothing that they refer to.
    """

    def __init__(self):
        self.output = self.outgoing = self.future = None
        self.response = self.incoming = self.input = None

    def close(self):
        """Gives all of it up, children first."""
        for name in ("output", "outgoing", "input", "incoming", "response", "future"):
            resource = getattr(self, name)
            if resource is not None:
                setattr(self, name, None)
                resource.__exit__(None, None, None)


class Exchange:
    """A request on its way, and then its response."""

    def __init__(self, secure, authority, method, target, fields, timeout):
        self.origin = f"{'https' if secure else 'http'}://{authority}"
        self._held = _Held()
        # What nobody closed is closed when it is collected.
        weakref.finalize(self, self._held.close).atexit = False
        request = http.OutgoingRequest(self._fields(fields))
        make = _METHODS.get(method)
        request.set_method(make() if make else http.Method_Other(method))
        request.set_scheme(http.Scheme_Https() if secure else http.Scheme_Http())
        request.set_authority(authority)
        request.set_path_with_query(target)
        self._held.outgoing = request.body()
        self._held.output = self._held.outgoing.write()
        try:
            self._held.future = outgoing_handler.handle(request, _options(timeout))
        except Err as error:
            raise failures.of(error.value, self.origin) from None

    @staticmethod
    def _fields(fields):
        kept = [(name.decode("latin-1"), value) for name, value in fields if name.lower() not in _NOT_SENT]
        return http.Fields.from_list(kept)

    def write(self, data):
        """Sends a part of the request's body, waiting while the host takes no more."""
        view = memoryview(data)
        while view:
            try:
                room = self._held.output.check_write()
                if room == 0:
                    _wait(self._held.output)
                    continue
                piece = view[: min(room, PIECE)]
                self._held.output.write(bytes(piece))
            except Err:
                # The response, or the error that it is, says why the body was not wanted.
                return
            view = view[len(piece) :]

    def end_request(self):
        """Says that the body is whole."""
        self._held.output.__exit__(None, None, None)
        self._held.output = None
        try:
            http.OutgoingBody.finish(self._held.outgoing, None)
        except Err:
            pass  # As in `write`.
        self._held.outgoing = None

    def response(self):
        """The status and fields of the response, or None if it is not there yet."""
        answer = self._held.future.get()
        if answer is None:
            return None
        result = answer.value if isinstance(answer, Ok) else answer
        if isinstance(result, Err):
            raise failures.of(result.value, self.origin)
        self._held.future.__exit__(None, None, None)
        self._held.future = None
        self._held.response = result.value if isinstance(result, Ok) else result
        with self._held.response.headers() as headers:
            fields = headers.entries()
        self._held.incoming = self._held.response.consume()
        self._held.input = self._held.incoming.stream()
        return self._held.response.status(), fields

    def read(self):
        """A part of the response's body, empty if none is there yet; None at its end."""
        if self._held.input is None:
            return None
        try:
            return self._held.input.read(PIECE)
        except Err as error:
            value = error.value
            code = None
            if isinstance(value, streams.StreamError_LastOperationFailed):
                code = http.http_error_code(value.value)
                value.value.__exit__(None, None, None)
                if code is None:
                    code = http.ErrorCode_HttpResponseIncomplete()
            self.close()
            if code is not None:
                raise failures.of(code, self.origin) from None
            return None

    def subscribe(self):
        """What is ready when there is more to read."""
        return (self._held.future if self._held.future is not None else self._held.input).subscribe()

    def close(self):
        """Gives up what the host still holds for it."""
        self._held.close()


def _options(timeout):
    if not timeout:
        return None
    options = http.RequestOptions()
    duration = max(1, int(timeout * 1e9))
    for set_timeout in (
        options.set_connect_timeout,
        options.set_first_byte_timeout,
        options.set_between_bytes_timeout,
    ):
        try:
            set_timeout(duration)
        except Err:
            pass  # The host has none of that kind.
    return options


def _wait(stream):
    with stream.subscribe() as pollable:
        pollable.block()
