"""One request and its response over `wasi:http`."""

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


class Exchange:
    """A request on its way, and then its response."""

    def __init__(self, secure, authority, method, target, fields, timeout):
        self.origin = f"{'https' if secure else 'http'}://{authority}"
        self._output = self._outgoing = self._future = None
        self._response = self._incoming = self._input = None
        request = http.OutgoingRequest(self._fields(fields))
        make = _METHODS.get(method)
        request.set_method(make() if make else http.Method_Other(method))
        request.set_scheme(http.Scheme_Https() if secure else http.Scheme_Http())
        request.set_authority(authority)
        request.set_path_with_query(target)
        self._outgoing = request.body()
        self._output = self._outgoing.write()
        try:
            self._future = outgoing_handler.handle(request, _options(timeout))
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
                room = self._output.check_write()
                if room == 0:
                    _wait(self._output)
                    continue
                piece = view[: min(room, PIECE)]
                self._output.write(bytes(piece))
            except Err:
                # The response, or the error that it is, says why the body was not wanted.
                return
            view = view[len(piece) :]

    def end_request(self):
        """Says that the body is whole."""
        self._output.__exit__(None, None, None)
        self._output = None
        try:
            http.OutgoingBody.finish(self._outgoing, None)
        except Err:
            pass  # As in `write`.
        self._outgoing = None

    def response(self):
        """The status and fields of the response, or None if it is not there yet."""
        answer = self._future.get()
        if answer is None:
            return None
        result = answer.value if isinstance(answer, Ok) else answer
        if isinstance(result, Err):
            raise failures.of(result.value, self.origin)
        self._future.__exit__(None, None, None)
        self._future = None
        self._response = result.value if isinstance(result, Ok) else result
        with self._response.headers() as headers:
            fields = headers.entries()
        self._incoming = self._response.consume()
        self._input = self._incoming.stream()
        return self._response.status(), fields

    def read(self):
        """A part of the response's body, empty if none is there yet; None at its end."""
        if self._input is None:
            return None
        try:
            return self._input.read(PIECE)
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
        return (self._future if self._future is not None else self._input).subscribe()

    def close(self):
        """Gives up what the host still holds for it, children first."""
        for name in ("_output", "_outgoing", "_input", "_incoming", "_response", "_future"):
            resource = getattr(self, name)
            if resource is not None:
                setattr(self, name, None)
                resource.__exit__(None, None, None)

    # The order matters also for what nobody closed.
    __del__ = close


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
