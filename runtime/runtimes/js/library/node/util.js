'use strict';

const { inspect, format, formatWithOptions, stripVTControlCharacters } = require('internal/formatting');

const CUSTOM = Symbol.for('nodejs.util.promisify.custom');

function checkFunction(value, name) {
  if (typeof value === 'function') return;
  throw Object.assign(new TypeError(`The "${name}" argument must be of type function. Received ${value === null ? 'null' : typeof value}`), { code: 'ERR_INVALID_ARG_TYPE' });
}

function promisify(original) {
  checkFunction(original, 'original');
  if (typeof original[CUSTOM] === 'function') return original[CUSTOM];
  function promised(...all) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...all, (error, value) => (error ? reject(error) : resolve(value))]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  return Object.defineProperties(promised, { ...Object.getOwnPropertyDescriptors(original), [CUSTOM]: { value: promised, configurable: true } });
}
promisify.custom = CUSTOM;

function callbackify(original) {
  checkFunction(original, 'original');
  return function (...all) {
    const callback = all.pop();
    checkFunction(callback, 'last argument');
    Reflect.apply(original, this, all).then(
      (value) => process.nextTick(callback, null, value),
      (error) => process.nextTick(callback, error || Object.assign(new Error('Promise was rejected with falsy value'), { reason: error, code: 'ERR_FALSY_VALUE_REJECTION' })),
    );
  };
}

const warned = new Set();
function deprecate(callback, message, code) {
  return function (...all) {
    if (!warned.has(code ?? message)) {
      warned.add(code ?? message);
      process.emitWarning(message, 'DeprecationWarning', code);
    }
    return new.target ? Reflect.construct(callback, all, new.target) : Reflect.apply(callback, this, all);
  };
}

function inherits(type, base) {
  Object.defineProperty(type, 'super_', { value: base, writable: true, configurable: true });
  Object.setPrototypeOf(type.prototype, base.prototype);
}

function debuglog(section) {
  const isEnabled = (process.env.NODE_DEBUG ?? '').toLowerCase().split(',').includes(section.toLowerCase());
  const log = (...all) => {
    if (isEnabled) process.stderr.write(`${section.toUpperCase()} 1: ${format(...all)}\n`);
  };
  return Object.defineProperty(log, 'enabled', { value: isEnabled });
}

function parseArgs(config = {}) {
  const { options = {}, args = process.argv.slice(2), allowPositionals = true } = config;
  const values = Object.create(null);
  const positionals = [];
  const byShort = Object.fromEntries(Object.entries(options).filter(([, own]) => own.short).map(([name, own]) => [own.short, name]));
  for (const [name, own] of Object.entries(options)) if (own.default !== undefined) values[name] = own.default;
  for (let index = 0; index < args.length; index += 1) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(args[index]) ?? /^-(.)(?:=?(.+))?$/s.exec(args[index]);
    if (match === null) {
      if (!allowPositionals) throw Object.assign(new TypeError(`Unexpected argument '${args[index]}'`), { code: 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL' });
      positionals.push(args[index]);
      continue;
    }
    const name = options[match[1]] ? match[1] : (byShort[match[1]] ?? match[1]);
    const own = options[name];
    if (own === undefined) throw Object.assign(new TypeError(`Unknown option '${args[index]}'`), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' });
    const value = own.type === 'boolean' ? true : (match[2] ?? args[(index += 1)]);
    if (own.multiple) (values[name] ??= []).push(value);
    else values[name] = value;
  }
  return { values, positionals };
}

function styleText(styles, text) {
  return [styles].flat().reduce((all, name) => {
    const [on, off] = inspect.colors[name] ?? [0, 0];
    return `\u001b[${on}m${all}\u001b[${off}m`;
  }, text);
}

const isObject = (value) => typeof value === 'object' && value !== null;

module.exports = {
  inspect, format, formatWithOptions, stripVTControlCharacters, promisify, callbackify, deprecate, inherits, debuglog, debug: debuglog, parseArgs, styleText,
  types: require('node/util/types'),
  isDeepStrictEqual: (a, b) => require('internal/comparison').isEqual(a, b, true),
  TextEncoder: globalThis.TextEncoder,
  TextDecoder: globalThis.TextDecoder,
  get MIMEType() {
    throw new Error('util.MIMEType is not in this runtime');
  },
  toUSVString: (text) => String(text).toWellFormed(),
  aborted: (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  getSystemErrorName: (number) => Object.entries(require('node/os').constants.errno).find(([, value]) => value === -number)?.[0],
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
  isRegExp: (value) => value instanceof RegExp,
  isObject,
  isDate: (value) => value instanceof Date,
  isError: (value) => value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isPrimitive: (value) => !isObject(value) && typeof value !== 'function',
  isBuffer: (value) => Buffer.isBuffer(value),
  _extend: (target, source) => Object.assign(target, source),
};
Object.defineProperty(module.exports, 'MIMEType', { enumerable: false });
