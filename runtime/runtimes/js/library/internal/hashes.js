'use strict';
// `createHash` and `createHmac` over LLRT's, as streams too; and what the global `crypto` has not.

const NAMES = { md5: 'md5', sha1: 'sha1', sha256: 'sha256', sha384: 'sha384', sha512: 'sha512' };

function nameOf(algorithm) {
  const name = NAMES[String(algorithm).toLowerCase().replace(/^rsa-/, '').replace(/^sha-/, 'sha')];
  if (name !== undefined) return name;
  throw Object.assign(new Error(`Digest method not supported: ${algorithm} (there are ${Object.keys(NAMES).join(', ')})`), { code: 'ERR_CRYPTO_INVALID_DIGEST' });
}
exports.nameOf = nameOf;

const bytesOf = (data, encoding) => {
  if (typeof data === 'string') return Buffer.from(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (typeof data?.export === 'function') return data.export();
  throw Object.assign(new TypeError(`The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? 'null' : typeof data}`), { code: 'ERR_INVALID_ARG_TYPE' });
};
exports.bytesOf = bytesOf;

// Bytes that a digest keeps to be copied, which LLRT's cannot be.
const KEPT_MAX = 8 << 20;

class Digest {
  #own;
  #make;
  #kept = [];
  #size = 0;
  #stream;
  constructor(make) {
    this.#make = make;
    this.#own = make();
  }
  update(data, encoding) {
    if (this.#own === undefined) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    const bytes = bytesOf(data, encoding);
    this.#own.update(bytes);
    this.#size += bytes.length;
    if (this.#size <= KEPT_MAX) this.#kept.push(Buffer.from(bytes));
    else this.#kept.length = 0;
    return this;
  }
  digest(encoding) {
    if (this.#own === undefined) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    const bytes = Buffer.from(this.#own.digest());
    this.#own = undefined;
    return encoding === undefined || encoding === 'buffer' ? bytes : bytes.toString(encoding);
  }
  copy() {
    if (this.#own === undefined) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    if (this.#size > KEPT_MAX) {
      throw Object.assign(new Error(`a digest of more than ${KEPT_MAX} bytes cannot be copied in this runtime`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    }
    const other = new this.constructor(this.#make);
    for (const bytes of this.#kept) other.update(bytes);
    return other;
  }
  // The stream that it is as well, for those who use it as one.
  get stream() {
    if (this.#stream === undefined) {
      const { Transform } = require('node/stream');
      const digest = this;
      this.#stream = new Transform({
        transform(piece, encoding, done) {
          digest.update(piece, encoding);
          done();
        },
        flush(done) {
          done(null, digest.digest());
        },
      });
    }
    return this.#stream;
  }
}

const OF_STREAMS = [
  'write', 'end', 'pipe', 'unpipe', 'read', 'on', 'once', 'off', 'emit', 'addListener', 'removeListener', 'prependListener', 'listenerCount',
  'listeners', 'removeAllListeners', 'setEncoding', 'resume', 'pause', 'destroy', 'eventNames', 'getMaxListeners', 'setMaxListeners',
];
for (const name of OF_STREAMS) {
  Digest.prototype[name] = function (...all) {
    const result = this.stream[name](...all);
    return result === this.stream ? this : result;
  };
}
Object.defineProperties(Digest.prototype, {
  writable: { get() { return true; } },
  readable: { get() { return true; } },
  [Symbol.asyncIterator]: { value() { return this.stream[Symbol.asyncIterator](); } },
});

class Hash extends Digest {}
class Hmac extends Digest {}
Object.assign(exports, { Hash, Hmac });

const llrt = () => require('internal/globals').llrt('crypto');

exports.createHash = (algorithm) => {
  const name = nameOf(algorithm);
  return new Hash(() => llrt().createHash(name));
};
exports.createHmac = (algorithm, key) => {
  const name = nameOf(algorithm);
  const secret = Buffer.from(bytesOf(key));
  return new Hmac(() => llrt().createHmac(name, secret));
};

exports.complete = () => {
  const { crypto } = globalThis;
  // They are Node's module's, and no part of the global.
  for (const name of ['createHash', 'createHmac', 'randomBytes', 'randomInt', 'randomFillSync', 'randomFill']) delete crypto[name];
};
