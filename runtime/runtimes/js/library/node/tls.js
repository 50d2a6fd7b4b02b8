'use strict';
module.exports = {
  ...require('internal/absent').functions('tls', 'there are no sockets; use https or fetch: the host makes TLS and checks certificates', ['connect', 'createServer', 'createSecureContext', 'TLSSocket', 'Server', 'SecureContext', 'checkServerIdentity']),
  rootCertificates: [],
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  getCiphers: () => [],
};
