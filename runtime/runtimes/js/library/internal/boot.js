'use strict';
// Brings up the library: its own modules, globals, and the functions that the host calls.

const loaded = new Map();

// What packages of npm that are part of the library call the modules they build upon.
const ALIASES = {
  'abort-controller': 'internal/abort',
  buffer: 'node/buffer',
  events: 'node/events',
  'process/': 'node/process',
  'string_decoder/': 'node/string_decoder',
};

function load(name) {
  let module = loaded.get(name);
  if (module === undefined) {
    const run = native.library(name);
    module = { exports: {} };
    loaded.set(name, module);
    run(module.exports, requireFrom(name), module, native);
  }
  return module.exports;
}

function requireFrom(base) {
  return (name) => {
    if (name[0] === '.') {
      const parts = base.split('/').slice(0, -1);
      for (const part of name.split('/')) {
        if (part === '..') parts.pop();
        else if (part !== '.' && part !== '') parts.push(part);
      }
      return load(parts.join('/').replace(/\.js$/, ''));
    }
    return load(ALIASES[name] ?? name);
  };
}

load('internal/symbols').install();
load('internal/stacks').install();
const loop = load('internal/loop');
load('internal/globals').install(load);
const loader = load('internal/loader');
loader.install(load);
const lambda = load('internal/lambda');

exports.required = loader.required;
exports.start = lambda.start;
exports.invoke = lambda.invoke;
exports.renew = () => load('internal/environment').renew();
exports.idle = lambda.idle;
exports.ended = () => load('internal/endings').run();
exports.ticks = loop.ticks;
exports.due = loop.due;
exports.expire = loop.expire;
exports.rejected = loop.rejected;
exports.unhandled = loop.unhandled;
exports.exchange = (...all) => load('internal/exchanges').dispatch(...all);
