'use strict';

const { isEqual } = require('internal/comparison');

class AssertionError extends Error {
  constructor({ message, actual, expected, operator, stackStartFn }) {
    super(message ?? `${shown(actual)} ${operator} ${shown(expected)}`);
    this.name = 'AssertionError';
    this.code = 'ERR_ASSERTION';
    this.generatedMessage = message === undefined;
    Object.assign(this, { actual, expected, operator });
    Error.captureStackTrace(this, stackStartFn);
  }
}

const shown = (value) => require('node/util').inspect(value, { depth: 3 });

function fail(message, details, from) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ ...details, message: message ?? details.message, stackStartFn: from });
}

function assert(value, message) {
  if (!value) fail(message, { actual: value, expected: true, operator: '==', message: 'The expression evaluated to a falsy value' }, assert);
}

const TITLES = {
  strictEqual: 'Expected values to be strictly equal:', notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  deepStrictEqual: 'Expected values to be strictly deep-equal:', notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  equal: 'Expected values to be loosely equal:', notEqual: 'Expected "actual" to be loosely unequal to:',
  deepEqual: 'Expected values to be loosely deep-equal:', notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};

function add(name, holds) {
  assert[name] = function own(actual, expected, message) {
    if (holds(actual, expected)) return;
    fail(message, { actual, expected, operator: name, message: `${TITLES[name]}\n\n${shown(actual)} !== ${shown(expected)}\n` }, own);
  };
}

// eslint-disable-next-line eqeqeq
const loosely = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b));
add('strictEqual', Object.is);
add('notStrictEqual', (a, b) => !Object.is(a, b));
add('equal', loosely);
add('notEqual', (a, b) => !loosely(a, b));
add('deepStrictEqual', (a, b) => isEqual(a, b, true));
add('notDeepStrictEqual', (a, b) => !isEqual(a, b, true));
add('deepEqual', (a, b) => isEqual(a, b, false));
add('notDeepEqual', (a, b) => !isEqual(a, b, false));

assert.ok = (value, message) => assert(value, message);
assert.fail = (message = 'Failed') => fail(message, { operator: 'fail' }, assert.fail);
assert.match = (text, pattern, message) => {
  if (!pattern.test(text)) fail(message, { actual: text, expected: pattern, operator: 'match', message: `The input did not match the regular expression ${pattern}. Input:\n\n${shown(text)}\n` }, assert.match);
};
assert.doesNotMatch = (text, pattern, message) => {
  if (pattern.test(text)) fail(message, { actual: text, expected: pattern, operator: 'doesNotMatch' }, assert.doesNotMatch);
};
assert.ifError = (value) => {
  if (value !== null && value !== undefined) throw value instanceof Error ? value : new AssertionError({ message: `ifError got unwanted exception: ${value}`, actual: value, expected: null, operator: 'ifError' });
};

function check(error, expected, message, from) {
  if (expected === undefined || typeof expected === 'string') return;
  let fits;
  if (expected instanceof RegExp) fits = expected.test(String(error));
  else if (typeof expected === 'function') {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (Error.isPrototypeOf(expected)) throw error;
    fits = expected.call({}, error) === true;
  } else {
    fits = Object.keys(expected).every((name) => (expected[name] instanceof RegExp && typeof error[name] === 'string' ? expected[name].test(error[name]) : isEqual(error[name], expected[name], true)));
  }
  if (!fits) fail(message, { actual: error, expected, operator: from.name, message: `The error is not as expected: ${shown(error)}` }, from);
}

assert.throws = function throws(run, expected, message) {
  let error;
  try {
    run();
  } catch (caught) {
    error = { caught };
  }
  if (error === undefined) fail(typeof expected === 'string' ? expected : message, { expected, operator: 'throws', message: 'Missing expected exception.' }, throws);
  check(error.caught, expected, message, throws);
};
assert.doesNotThrow = function doesNotThrow(run, expected, message) {
  try {
    run();
  } catch (error) {
    fail(typeof expected === 'string' ? expected : message, { actual: error, expected, operator: 'doesNotThrow', message: `Got unwanted exception.\nActual message: "${error?.message}"` }, doesNotThrow);
  }
};
assert.rejects = async function rejects(promise, expected, message) {
  let error;
  try {
    await (typeof promise === 'function' ? promise() : promise);
  } catch (caught) {
    error = { caught };
  }
  if (error === undefined) fail(typeof expected === 'string' ? expected : message, { expected, operator: 'rejects', message: 'Missing expected rejection.' }, rejects);
  check(error.caught, expected, message, rejects);
};
assert.doesNotReject = async function doesNotReject(promise, expected, message) {
  try {
    await (typeof promise === 'function' ? promise() : promise);
  } catch (error) {
    fail(typeof expected === 'string' ? expected : message, { actual: error, expected, operator: 'doesNotReject', message: `Got unwanted rejection.\nActual message: "${error?.message}"` }, doesNotReject);
  }
};
assert.AssertionError = AssertionError;
assert.strict = Object.assign((value, message) => assert(value, message), assert, {
  equal: assert.strictEqual, notEqual: assert.notStrictEqual, deepEqual: assert.deepStrictEqual, notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict.strict = assert.strict;

module.exports = assert;
