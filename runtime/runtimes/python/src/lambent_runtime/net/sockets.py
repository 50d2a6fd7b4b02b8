"""Sockets that speak HTTP/1.1 with libraries, and nothing else."""

import errno
import socket as module
import weakref

from lambent_runtime.net.connection import Connection

#: What a TLS object writes in place of its handshake, so that the socket below knows of it.
TLS_MARK = b"\x16lambent-tls\n"

#: The address that the machine itself has.
LOOPBACK = "127.0.0.1"

_FIRST_NUMBER = 1 << 20
_sockets = weakref.WeakValueDictionary()
_next_number = _FIRST_NUMBER


def reset():
    """Breaks all connections: what uses one makes another."""
    for one in list(_sockets.values()):
        one.reset()


def by_number(number):
    return _sockets.get(number if isinstance(number, int) else number.fileno())


class Socket:
    """A stream socket of a client."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        global _next_number
        if fileno is not None:
            raise OSError(errno.EBADF, "no socket can be made of a descriptor")
        self.family = module.AF_INET if family == -1 else family
        self.type = module.SOCK_STREAM if type == -1 else type
        self.proto = 0 if proto == -1 else proto
        self._timeout = _default_timeout
        self._io_refs = 0
        self._closed = False
        self._number = _next_number
        _next_number += 1
        _sockets[self._number] = self
        self._peer = None
        self._connection = None

    def connect(self, address):
        if self.type & 0xF != module.SOCK_STREAM or self.family == getattr(module, "AF_UNIX", None):
            raise _unsupported("only HTTP over TCP can be spoken")
        self._peer = address
        self._connection = Connection(address[0], address[1], TLS_MARK)

    def connect_ex(self, address):
        self.connect(address)
        return 0

    def start_tls(self, name):
        """What is written from now on goes over TLS."""
        self._need_connection().start_tls(name)

    def reset(self):
        if self._connection is not None:
            self._connection.reset()

    def _need_connection(self):
        if self._connection is None:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return self._connection

    def send(self, data, flags=0):
        self._need_connection().receive(bytes(data), self._timeout)
        return memoryview(data).nbytes

    def sendall(self, data, flags=0):
        self.send(data)

    def sendmsg(self, buffers, *rest):
        return self.send(b"".join(bytes(buffer) for buffer in buffers))

    def recv(self, size, flags=0):
        data = self._need_connection().give(size, self._timeout != 0, flags & module.MSG_PEEK)
        if data is None:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return data

    def recv_into(self, buffer, nbytes=0, flags=0):
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, size, flags=0):
        return self.recv(size, flags), self._peer

    def is_readable(self):
        return self._connection is not None and self._connection.is_readable()

    def subscribe(self):
        return None if self._connection is None else self._connection.subscribe()

    def fileno(self):
        return -1 if self._closed else self._number

    def settimeout(self, timeout):
        self._timeout = timeout

    def gettimeout(self):
        return self._timeout

    @property
    def timeout(self):
        return self._timeout

    def setblocking(self, blocking):
        self._timeout = None if blocking else 0

    def getblocking(self):
        return self._timeout != 0

    def setsockopt(self, *option):
        """No option of a connection is known to the function."""

    def getsockopt(self, level, option, size=0):
        return 0 if not size else bytes(size)

    def getpeername(self):
        self._need_connection()
        return self._peer

    def getsockname(self):
        return ("127.0.0.1", 0)

    def bind(self, address):
        """Where a connection comes from is the host's to choose."""

    def listen(self, backlog=0):
        raise _unsupported("nothing can be listened to")

    def accept(self):
        raise _unsupported("nothing can be listened to")

    def sendto(self, *arguments):
        raise _unsupported("only HTTP over TCP can be spoken")

    def shutdown(self, how):
        self._need_connection()

    def detach(self):
        number, self._closed = self.fileno(), True
        return number

    makefile = module.socket.makefile

    def _decref_socketios(self):
        self._io_refs = max(0, self._io_refs - 1)
        if self._closed:
            self.close()

    def close(self):
        self._closed = True
        if self._io_refs <= 0 and self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __repr__(self):
        return f"<socket of wasi:http, fd={self.fileno()}, raddr={self._peer}>"


_default_timeout = None


def setdefaulttimeout(timeout):
    global _default_timeout
    _default_timeout = timeout


def getdefaulttimeout():
    return _default_timeout


def _unsupported(why):
    return OSError(errno.EOPNOTSUPP, f"{why}: functions reach the network by HTTP only")


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """The host finds the address: its name stands for it."""
    if isinstance(host, bytes):
        host = host.decode("idna")
    if isinstance(port, (str, bytes)):
        port = {"http": 80, "https": 443}.get(port) or int(port)
    name = host or "localhost"
    return [(module.AF_INET, type or module.SOCK_STREAM, proto or 6, "", (name, port or 0))]


def gethostbyname(name):
    """The address of the machine itself, by which `urllib` knows files of its own."""
    if name in ("", "localhost", LOOPBACK):
        return LOOPBACK
    raise module.gaierror(
        module.EAI_FAIL, f"the address of {name} is found by the host: functions reach the network by HTTP only"
    )


def gethostbyname_ex(name):
    return name, [], [gethostbyname(name)]


def socketpair(*arguments):
    raise _unsupported("there are no pairs of sockets")


def install():
    module.socket = module.SocketType = Socket
    module.getaddrinfo = getaddrinfo
    module.gethostbyname = gethostbyname
    module.gethostbyname_ex = module.gethostbyaddr = gethostbyname_ex
    module.socketpair = socketpair
    module.gethostname = lambda: "localhost"
    module.getfqdn = lambda name="": name or "localhost"
    module.setdefaulttimeout = setdefaulttimeout
    module.getdefaulttimeout = getdefaulttimeout
    module.has_ipv6 = False
