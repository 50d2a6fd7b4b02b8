'use strict';
// What callers give, checked before it goes to the node.

const { TooLarge } = require('./errors.js');

// More than a node takes of a message, and less than it would end the function for.
const MESSAGE_BYTES = 8 << 20;
const ATTRIBUTES = 1000;
const COUNTER_BITS = 64;

const kind = (value) => (value === null ? 'null' : typeof value);

// Text that has a form in UTF-8.
exports.text = (value, what) => {
  if (typeof value !== 'string') throw new TypeError(`${what} is a string, not ${kind(value)}`);
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) {
    throw new TypeError(`${what} ${JSON.stringify(value)} has half of a character, which UTF-8 has no form for`);
  }
  return value;
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

// A message that a node can look at; what it takes, it says itself.
exports.message = (body, metadata) => {
  if (body.length > MESSAGE_BYTES) throw new TooLarge(`message 1: its body is ${body.length} bytes; the most is 1 MiB`);
  if (metadata.length > ATTRIBUTES) throw new TooLarge(`message 1: it has ${metadata.length} attributes; the most is ${ATTRIBUTES}`);
  for (const [name, value] of metadata) {
    exports.text(name, "an attribute's name");
    exports.text(value, `the attribute ${JSON.stringify(name)}`);
  }
};
