"""The `ssl` module of functions: the host speaks TLS, and checks certificates always.

Contexts take what libraries set and keep it, so that they can read it again. What would make
the host trust more (`verify_mode = CERT_NONE`, authorities of one's own) has no effect; what
it cannot do (client certificates, servers) raises.
"""

import enum

from lambent_runtime.net import sockets as _sockets

OPENSSL_VERSION = "OpenSSL 3.0.0 (TLS of the host)"
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
HAS_ALPN = HAS_ECDH = HAS_NEVER_CHECK_COMMON_NAME = HAS_SNI = True
HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_NPN = HAS_PSK = HAS_PHA = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = False
CHANNEL_BINDING_TYPES = []
PEM_HEADER, PEM_FOOTER = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class _SSLMethod(enum.IntEnum):
    PROTOCOL_TLS = PROTOCOL_SSLv23 = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class Options(enum.IntFlag):
    OP_ALL = 0x80000050
    OP_CIPHER_SERVER_PREFERENCE = 0x400000
    OP_ENABLE_KTLS = 8
    OP_ENABLE_MIDDLEBOX_COMPAT = 0x100000
    OP_IGNORE_UNEXPECTED_EOF = 0x80
    OP_LEGACY_SERVER_CONNECT = 4
    OP_NO_COMPRESSION = 0x20000
    OP_NO_RENEGOTIATION = 0x40000000
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TICKET = 0x4000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_SINGLE_DH_USE = OP_SINGLE_ECDH_USE = 0


class VerifyMode(enum.IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(enum.IntFlag):
    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 0x20
    VERIFY_X509_TRUSTED_FIRST = 0x8000
    VERIFY_X509_PARTIAL_CHAIN = 0x80000
    VERIFY_ALLOW_PROXY_CERTS = 0x40


class TLSVersion(enum.IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class SSLErrorNumber(enum.IntEnum):
    SSL_ERROR_SSL = 1
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_WANT_WRITE = 3
    SSL_ERROR_WANT_X509_LOOKUP = 4
    SSL_ERROR_SYSCALL = 5
    SSL_ERROR_ZERO_RETURN = 6
    SSL_ERROR_WANT_CONNECT = 7
    SSL_ERROR_EOF = 8
    SSL_ERROR_INVALID_ERROR_CODE = 10


class Purpose(enum.Enum):
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


for _kind in (_SSLMethod, Options, VerifyMode, VerifyFlags, SSLErrorNumber):
    globals().update(_kind.__members__)


class SSLError(OSError):
    library = reason = None

    def __str__(self):
        return str(self.strerror if self.strerror is not None else super().__str__())


class SSLZeroReturnError(SSLError):
    pass


class SSLWantReadError(SSLError):
    pass


class SSLWantWriteError(SSLError):
    pass


class SSLSyscallError(SSLError):
    pass


class SSLEOFError(SSLError):
    pass


class SSLCertVerificationError(SSLError, ValueError):
    verify_code = 20
    verify_message = "unable to get local issuer certificate"


CertificateError = SSLCertVerificationError
socket_error = OSError


class SSLSession:
    pass


class SSLContext:
    sslsocket_class = sslobject_class = None  # Set below.

    def __init__(self, protocol=_SSLMethod.PROTOCOL_TLS):
        client = protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self.protocol = _SSLMethod(protocol)
        self.check_hostname = client
        self.verify_mode = VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL | Options.OP_NO_SSLv3
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.hostname_checks_common_name = False
        self.keylog_filename = None
        self.post_handshake_auth = False
        self.security_level = 2
        self.sni_callback = None
        self.num_tickets = 2

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True,
                    suppress_ragged_eofs=True, server_hostname=None, session=None):
        _only_clients(server_side)
        return SSLSocket(sock, self, server_hostname)

    def wrap_bio(self, incoming, outgoing, server_side=False, server_hostname=None, session=None):
        _only_clients(server_side)
        return SSLObject(incoming, outgoing, self, server_hostname)

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        raise SSLError(1, "certificates of clients are not supported: the host makes the connections")

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        """Whom the host trusts is the host's to say."""
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        if cafile is not None:
            with open(cafile, "rb"):
                pass

    def load_default_certs(self, purpose=Purpose.SERVER_AUTH):
        pass

    def set_default_verify_paths(self):
        pass

    def set_alpn_protocols(self, protocols):
        pass

    def set_npn_protocols(self, protocols):
        pass

    def set_ciphers(self, ciphers):
        pass

    def get_ciphers(self):
        return []

    def get_ca_certs(self, binary_form=False):
        return []

    def cert_store_stats(self):
        return {"x509": 1, "crl": 0, "x509_ca": 1}

    def session_stats(self):
        return {}

    def set_ecdh_curve(self, name):
        pass


def _only_clients(server_side):
    if server_side:
        raise SSLError(1, "a function cannot be a server of TLS")


class _Connected:
    """What both kinds of connection tell of themselves."""

    server_side = False
    session = None
    session_reused = False

    def getpeercert(self, binary_form=False):
        # The host has checked it and gives none away.
        return b"" if binary_form else {"subject": (), "subjectAltName": (("DNS", self.server_hostname or ""),)}

    def selected_alpn_protocol(self):
        return None

    def selected_npn_protocol(self):
        return None

    def cipher(self):
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def shared_ciphers(self):
        return None

    def compression(self):
        return None

    def version(self):
        return "TLSv1.3"

    def get_channel_binding(self, cb_type="tls-unique"):
        return None

    def get_verified_chain(self):
        return []

    get_unverified_chain = get_verified_chain


class SSLSocket(_Connected, _sockets.Socket):
    """A socket whose requests go over TLS."""

    def __init__(self, sock, context, server_hostname=None):
        super().__init__(sock.family, sock.type, sock.proto)
        self.context = context
        self.server_hostname = server_hostname
        self._timeout = sock.gettimeout()
        self._peer, self._connection = sock._peer, sock._connection
        self._sslobj = self  # Which httpcore asks about its certificate.
        sock._connection = None
        sock.detach()
        if self._connection is not None:
            self._connection.start_tls()

    def connect(self, address):
        super().connect(address)
        self.start_tls(None)

    def do_handshake(self, block=False):
        pass

    def read(self, len=1024, buffer=None):
        return self.recv(len) if buffer is None else self.recv_into(buffer, len)

    def write(self, data):
        return self.send(data)

    def pending(self):
        return 0

    def unwrap(self):
        return self

    def dup(self):
        raise NotImplementedError("Can't dup() SSLSocket instances")


class MemoryBIO:
    """Bytes on their way between a TLS object and its socket."""

    def __init__(self):
        self._data = bytearray()
        self.eof_written = False

    @property
    def pending(self):
        return len(self._data)

    @property
    def eof(self):
        return self.eof_written and not self._data

    def write(self, data):
        self._data += data
        return memoryview(data).nbytes

    def write_eof(self):
        self.eof_written = True

    def read(self, size=-1):
        size = len(self._data) if size is None or size < 0 else size
        data = bytes(self._data[:size])
        del self._data[:size]
        return data


class SSLObject(_Connected):
    """TLS over buffers: marks the beginning for the socket below, and changes nothing."""

    def __init__(self, incoming, outgoing, context, server_hostname=None):
        self._incoming, self._outgoing = incoming, outgoing
        self.context = context
        self.server_hostname = server_hostname
        self._began = False

    def do_handshake(self):
        if not self._began:
            self._began = True
            self._outgoing.write(_sockets.TLS_MARK)

    def read(self, len=1024, buffer=None):
        data = self._incoming.read(len)
        if not data:
            if self._incoming.eof:
                raise SSLZeroReturnError(6, "TLS/SSL connection has been closed (EOF)")
            raise SSLWantReadError(2, "The operation did not complete (read)")
        if buffer is None:
            return data
        buffer[: data.__len__()] = data
        return data.__len__()

    def write(self, data):
        return self._outgoing.write(data)

    def pending(self):
        return self._incoming.pending

    def unwrap(self):
        pass


SSLContext.sslsocket_class, SSLContext.sslobject_class = SSLSocket, SSLObject


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    _only_clients(purpose == Purpose.CLIENT_AUTH)
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | VerifyFlags.VERIFY_X509_STRICT
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(protocol=None, *, cert_reqs=VerifyMode.CERT_NONE, check_hostname=False, **rest):
    context = SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = check_hostname, cert_reqs
    return context


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context


class DefaultVerifyPaths(tuple):
    cafile = capath = None


def get_default_verify_paths():
    return DefaultVerifyPaths()


def get_server_certificate(addr, ssl_version=None, ca_certs=None, timeout=None):
    raise SSLError(1, "certificates are the host's to see")


def RAND_bytes(n):
    import os

    return os.urandom(n)


def RAND_status():
    return True


def RAND_add(data, entropy):
    pass


def cert_time_to_seconds(cert_time):
    import calendar
    import time

    return calendar.timegm(time.strptime(cert_time, "%b %d %H:%M:%S %Y GMT"))


def PEM_cert_to_DER_cert(text):
    import base64

    return base64.decodebytes(text.strip()[len(PEM_HEADER) : -len(PEM_FOOTER)].encode("ascii"))


def DER_cert_to_PEM_cert(data):
    import base64
    import textwrap

    return "\n".join([PEM_HEADER, *textwrap.wrap(base64.b64encode(data).decode(), 64), PEM_FOOTER, ""])


def get_protocol_name(protocol_code):
    return getattr(protocol_code, "name", "<unknown>")
