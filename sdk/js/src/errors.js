'use strict';
// Why a node does not do what a function asks. The texts are the node's.

class LambentError extends Error {
  get name() {
    return this.constructor.name;
  }
}
class NotGranted extends LambentError {}
class NotFound extends LambentError {}
class Conflict extends LambentError {}
class TooLarge extends LambentError {}

Object.assign(exports, { LambentError, NotGranted, NotFound, Conflict, TooLarge });

const TOO_LARGE = /the most is \d[\d.]*( [KMGT]?i?B| bytes)?$|; get fewer at once$/;
const NOT_FOUND = /^(bucket|keyspace|queue) "[^"]*" (has no object |does not exist in )/;
const NOT_GRANTED = /^function "[^"]*" may not /;

// The error that a text of the node is. Interfaces whose errors are text say no more.
exports.ofText = (text) => {
  if (NOT_GRANTED.test(text)) return new NotGranted(text);
  if (NOT_FOUND.test(text)) return new NotFound(text);
  if (TOO_LARGE.test(text)) return new TooLarge(text);
  if (text.endsWith('cannot be counted with; set or delete it first')) return new Conflict(text);
  return new LambentError(text);
};

// The node's words for what was not granted, where the interface has none: `wanted` and `has` are
// "read" or "write", and `has` is what was granted, if anything was.
exports.notGranted = (noun, name, wanted, has, there = true) => {
  const of = globalThis.process?.env?.AWS_LAMBDA_FUNCTION_NAME ?? 'function';
  const verb = noun === 'queue' && wanted === 'write' ? 'send to' : wanted;
  const but = has ? `, but only ${has} it` : '';
  const access = has ? 'read-write' : wanted;
  const key = /^[A-Za-z0-9_-]+$/.test(name) ? name : `"${name}"`;
  const first = there ? '' : `, which does not exist either; create it: lambent ${noun} create ${name}`;
  return new NotGranted(
    `function "${of}" may not ${verb} ${noun} "${name}"${but}${first}; ${there ? '' : 'then '}grant it: ` +
      `lambent grant add ${of} ${noun}:${name}=${access}\n` +
      `or in lambent.toml, in [functions.${of}.grants.${noun}s]: ${key} = "${access}"`,
  );
};

// The node's words for a keyspace that was granted and is not there.
exports.noKeyspace = (name) => new NotFound(`keyspace "${name}" does not exist; create it first: lambent keyspace create ${name}`);
