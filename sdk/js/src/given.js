'use strict';
// What callers give, checked before it goes to the node: more than a host takes in one call would
// end the function.

const { LambentError, TooLarge } = require('./errors.js');

// Bytes of a key or a name, of a value or a message, of a batch, of the attributes of a message, and
// of its group or deduplication id; keys, and attributes, at once.
const KEY = 1024;
const VALUE = 1 << 20;
const BATCH_BYTES = 8_000_000;
const ATTRIBUTES_BYTES = 16 << 10;
const DELIVERY = 128;
const BATCH = 1000;
const COUNTER_BITS = 64;
const QUOTED = 100;
const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const kind = (value) => (value === null ? 'null' : typeof value);
const encoder = new TextEncoder();
const size = (text) => encoder.encode(text).length;
const isWhole = (text) => (typeof text.isWellFormed === 'function' ? text.isWellFormed() : !HALVES.test(text));

function limit(what, bytes, most) {
  if (bytes > most) throw new TooLarge(`${what} has ${bytes} bytes; the most is ${most}`);
}

// Text that has a form in UTF-8.
exports.encodable = (value, what) => {
  if (typeof value !== 'string') throw new TypeError(`${what} is a string, not ${kind(value)}`);
  if (!isWhole(value)) throw new TypeError(`${what} ${JSON.stringify(value.slice(0, QUOTED))} has half of a character, which UTF-8 has no form for`);
  return value;
};

// Such text of at most so many bytes.
exports.text = (value, what, most = KEY) => {
  limit(what, size(exports.encodable(value, what)), most);
  return value;
};

exports.toBytes = (value) => {
  if (typeof value === 'string') return encoder.encode(exports.encodable(value, 'a value'));
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`give a string or bytes, not ${kind(value)}; JSON.stringify() makes text of other values`);
};

// The name of a keyspace.
exports.keyspace = (name) => {
  // To the interface, which components from elsewhere have too, it would be `default`.
  if (name === '') throw new LambentError('keyspace name is empty; give 1 to 64 characters of A-Z a-z 0-9 _ -');
  return exports.text(name, 'the name of a keyspace');
};

exports.key = (name) => exports.text(name, 'a key');

// Keys of a keyspace, of which one call takes so many.
exports.keys = (names) => {
  const keys = Array.from(names);
  if (keys.length > BATCH) throw new TooLarge(`${keys.length} keys at once are too many; the most is ${BATCH}`);
  return keys.map(exports.key);
};

// A key and its value.
exports.entry = (name, value) => {
  const bytes = exports.toBytes(value);
  limit(`the value of key "${exports.key(name)}"`, bytes.length, VALUE);
  return [name, bytes];
};

// Keys and their values, of which one call takes so many.
exports.entries = (values) => {
  const given = Array.from(values);
  const keys = exports.keys(given.map(([name]) => name));
  const pairs = given.map(([, value], index) => exports.entry(keys[index], value));
  const all = pairs.reduce((sum, [name, bytes]) => sum + size(name) + bytes.length, 0);
  if (all > BATCH_BYTES) throw new TooLarge(`a batch has ${all} bytes of keys and values; the most is ${BATCH_BYTES}`);
  return pairs;
};

// What is added to a counter.
exports.delta = (by) => {
  if (typeof by !== 'bigint' && !Number.isSafeInteger(by)) throw new TypeError(`what is added is a whole number, not ${String(by)}`);
  const whole = BigInt(by);
  if (BigInt.asIntN(COUNTER_BITS, whole) !== whole) throw new RangeError(`what is added is ${whole}, which is beyond 64 bits`);
  return whole;
};

exports.position = (number, what) => {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${what} is a whole number of bytes, not ${String(number)}`);
  return number;
};

// A message, and what goes with it.
exports.message = (body, attributes) => {
  if (attributes.length > BATCH) throw new TooLarge(`message 1: it has ${attributes.length} attributes; the most is ${BATCH}`);
  let bytes = 0;
  for (const [name, value] of attributes) {
    bytes += size(exports.encodable(name, "an attribute's name"));
    bytes += size(exports.encodable(value, `the attribute ${JSON.stringify(name.slice(0, QUOTED))}`));
  }
  if (bytes > ATTRIBUTES_BYTES) throw new TooLarge(`message 1: its attributes are ${bytes} bytes; the most is ${ATTRIBUTES_BYTES}`);
  if (body.length + bytes > VALUE) throw new TooLarge(`message 1: body and attributes are ${body.length + bytes} bytes; the most is 1 MiB`);
};

// The group and the deduplication id of a message.
exports.delivery = (value, what) => exports.text(value, what, DELIVERY);

exports.KEY = KEY;
