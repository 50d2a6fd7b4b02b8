'use strict';
module.exports = {
  ...require('internal/absent').functions('http2', 'the host speaks HTTP for the function; use http, https or fetch', ['connect', 'createServer', 'createSecureServer', 'getDefaultSettings', 'getPackedSettings', 'getUnpackedSettings']),
  constants: { HTTP2_HEADER_METHOD: ':method', HTTP2_HEADER_PATH: ':path', HTTP2_HEADER_STATUS: ':status', HTTP2_HEADER_AUTHORITY: ':authority', HTTP2_HEADER_SCHEME: ':scheme', NGHTTP2_CANCEL: 8, NGHTTP2_NO_ERROR: 0 },
  sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders'),
};
