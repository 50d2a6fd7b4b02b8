'use strict';
const loop = require('internal/loop');

module.exports = {
  setTimeout: loop.setTimeout,
  clearTimeout: loop.clearTimeout,
  setInterval: loop.setInterval,
  clearInterval: loop.clearTimeout,
  setImmediate: loop.setImmediate,
  clearImmediate: loop.clearImmediate,
  get promises() {
    return require('node/timers/promises');
  },
};
