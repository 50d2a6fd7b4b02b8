'use strict';
// Global variables. What costs time to bring up is there when it is first named.

const loop = require('internal/loop');

// By what brings them up: modules of LLRT.
const OF_LLRT = {
  buffer: ['Buffer', 'Blob', 'File', 'atob', 'btoa'],
  url: ['URL', 'URLSearchParams'],
  util: ['TextEncoder', 'TextDecoder'],
  exceptions: ['DOMException'],
  crypto: ['crypto', 'Crypto', 'CryptoKey', 'SubtleCrypto'],
  'stream-web': [
    'ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamDefaultController',
    'ReadableByteStreamController', 'ReadableStreamBYOBRequest', 'WritableStream', 'WritableStreamDefaultWriter',
    'WritableStreamDefaultController', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy',
  ],
};

// By the module of the library that has them.
const OF_LIBRARY = {
  'internal/console': ['console'],
  'internal/events': [],
  'internal/targets': ['Event', 'EventTarget', 'CustomEvent', 'AbortController', 'AbortSignal'],
  'internal/fetch': ['fetch', 'Headers', 'Request', 'Response', 'FormData'],
  'internal/transforms': ['TransformStream', 'TextDecoderStream', 'TextEncoderStream', 'CompressionStream', 'DecompressionStream'],
  'internal/intl': ['Intl'],
  'node/process': ['process'],
  'node/perf_hooks': ['performance', 'PerformanceObserver', 'PerformanceEntry'],
};

// Modules of LLRT that need others before them.
const NEEDS = { crypto: ['buffer'], 'stream-web': ['abort'], abort: ['events', 'exceptions'], url: ['buffer'] };

const broughtUp = new Map();

function llrt(name) {
  if (!broughtUp.has(name)) {
    broughtUp.set(name, undefined);
    if (name === 'stream-web') globalThis.AbortSignal;
    else for (const needed of NEEDS[name] ?? []) llrt(needed);
    // What LLRT defines takes the place of what waits to be named.
    for (const variable of OF_LLRT[name] ?? []) delete globalThis[variable];
    broughtUp.set(name, native.llrt(name));
    for (const variable of OF_LLRT[name] ?? []) {
      if (variable in globalThis) define(variable, globalThis[variable]);
    }
    AFTER[name]?.();
  }
  return broughtUp.get(name);
}
exports.llrt = llrt;

const AFTER = {};
exports.after = (name, run) => {
  AFTER[name] = run;
};

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}
exports.define = define;

function lazily(name, bring) {
  Object.defineProperty(globalThis, name, {
    get() {
      const value = bring();
      define(name, value);
      return value;
    },
    set(value) {
      define(name, value);
    },
    enumerable: false,
    configurable: true,
  });
}

// What numbers and dates say in a language is up to `Intl`.
function localize() {
  const put = (prototype, name, value) => Object.defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
  const intl = () => require('internal/intl');
  for (const type of [Number, BigInt]) {
    put(type.prototype, 'toLocaleString', function toLocaleString(locales, options) {
      return intl().numberText(this.valueOf(), locales, options);
    });
  }
  // As V8 writes a date, with the name of the zone.
  for (const name of ['toString', 'toTimeString']) {
    const plain = Date.prototype[name];
    put(Date.prototype, name, function () {
      const text = Reflect.apply(plain, this, []);
      return text.endsWith('GMT+0000') ? `${text} (Coordinated Universal Time)` : text;
    });
  }
  for (const [name, kind] of [['toLocaleString', 'both'], ['toLocaleDateString', 'date'], ['toLocaleTimeString', 'time']]) {
    put(Date.prototype, name, function (locales, options) {
      return intl().dateText(this, kind, locales, options);
    });
  }
}

exports.install = (load) => {
  // The generator of QuickJS would go on the same in all instances that start from one snapshot.
  Object.defineProperty(Math, 'random', { value: { random: () => native.random() }.random, writable: true, configurable: true });
  for (const [name, variables] of Object.entries(OF_LLRT)) {
    for (const variable of variables) {
      lazily(variable, () => {
        llrt(name);
        return Object.getOwnPropertyDescriptor(globalThis, variable)?.value;
      });
    }
  }
  for (const [name, variables] of Object.entries(OF_LIBRARY)) {
    for (const variable of variables) lazily(variable, () => load(name)[variable]);
  }
  AFTER.buffer = () => load('internal/buffers').complete();
  AFTER.crypto = () => load('internal/hashes').complete();
  AFTER.url = () => load('internal/urls').complete();
  for (const name of ['setTimeout', 'setInterval', 'clearTimeout', 'setImmediate', 'clearImmediate', 'queueMicrotask']) {
    define(name, loop[name]);
  }
  define('clearInterval', loop.clearTimeout);
  // `util.promisify` of these resolves with the value.
  for (const name of ['setTimeout', 'setImmediate']) {
    Object.defineProperty(loop[name], Symbol.for('nodejs.util.promisify.custom'), { get: () => require('node/timers/promises')[name], configurable: true });
  }
  localize();
  define('global', globalThis);
  define('structuredClone', function structuredClone(value, options) {
    return options === undefined ? native.clone(value) : native.clone(value, options);
  });
  define('navigator', { hardwareConcurrency: 1, language: 'en-US', languages: ['en-US'], platform: 'linux', userAgent: 'Node.js/22' });
};
