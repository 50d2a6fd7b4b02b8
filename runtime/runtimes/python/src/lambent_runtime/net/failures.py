"""Errors of `wasi:http` as those that sockets raise."""

import errno
import socket

from wit_world.imports import wasi_http_types as http


def of(code, origin):
    """The exception for an error of a request to `origin`, such as `https://example.com`."""
    name = type(code).__name__.removeprefix("ErrorCode_")
    if isinstance(code, http.ErrorCode_HttpRequestDenied):
        return PermissionError(
            errno.EACCES, f"the function was not granted requests to {origin} (the log says which grant it lacks)"
        )
    if name in ("DnsTimeout", "DnsError", "DestinationNotFound"):
        return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if name.endswith("Timeout"):
        return TimeoutError("timed out")
    if name.startswith("Tls"):
        return _of_tls(name, origin)
    if name.startswith("DestinationIp"):
        return PermissionError(errno.EACCES, f"the address of {origin} is not one that the function may connect to")
    if name in ("ConnectionRefused", "DestinationUnavailable"):
        return ConnectionRefusedError(errno.ECONNREFUSED, f"Connection refused by {origin}")
    if name in ("ConnectionTerminated", "HttpResponseIncomplete"):
        return ConnectionResetError(errno.ECONNRESET, f"Connection reset by {origin}")
    detail = getattr(code, "value", None)
    return OSError(errno.EIO, f"{origin}: {name}" + ("" if detail is None else f": {detail}"))


def is_of_connecting(failure):
    """Whether it is one that elsewhere a connection fails with, before a request is sent."""
    import ssl

    return isinstance(failure, (PermissionError, ConnectionRefusedError, socket.gaierror, ssl.SSLError))


def _of_tls(name, origin):
    import ssl

    if name == "TlsCertificateError":
        return ssl.SSLCertVerificationError(
            1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: that of {origin} is not trusted by the host"
        )
    return ssl.SSLError(1, f"[SSL] {name} with {origin}")
