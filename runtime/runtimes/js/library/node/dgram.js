'use strict';
module.exports = require('internal/absent').functions('dgram', 'there are no sockets; use http, https or fetch', ['createSocket', 'Socket']);
