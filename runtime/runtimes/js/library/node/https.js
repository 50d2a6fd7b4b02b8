'use strict';
const http = require('node/http');

class Agent extends http.Agent {
  constructor(options) {
    super(options);
    this.protocol = 'https:';
    this.defaultPort = 443;
  }
}

module.exports = http.clientOf('https', Agent);
