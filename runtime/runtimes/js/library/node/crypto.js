'use strict';

const { createHash, createHmac, Hash, Hmac, bytesOf, nameOf } = require('internal/hashes');

const llrt = require('internal/globals').llrt('crypto');
const { crypto: webcrypto } = globalThis;

function invalid(name, expected, value) {
  return Object.assign(new TypeError(`The "${name}" argument must be ${expected}. Received ${value === null ? 'null' : typeof value}`), { code: 'ERR_INVALID_ARG_TYPE' });
}

// Answers at once, or to a callback.
function answer(callback, run) {
  if (callback === undefined) return run();
  let values;
  try {
    values = [null, run()];
  } catch (error) {
    values = [error];
  }
  setImmediate(callback, ...values);
  return undefined;
}

function randomBytes(size, callback) {
  if (typeof size !== 'number') throw invalid('size', 'of type number', size);
  return answer(callback, () => Buffer.from(llrt.randomBytes(size)));
}

function randomInt(min, max, callback) {
  if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max];
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) throw invalid(Number.isSafeInteger(min) ? 'max' : 'min', 'a safe integer', max);
  if (max <= min) throw Object.assign(new RangeError(`The value of "max" is out of range. It must be greater than the value of "min" (${min}). Received ${max}`), { code: 'ERR_OUT_OF_RANGE' });
  return answer(callback, () => Number(llrt.randomInt(min, max)));
}

function randomFillSync(view, offset = 0, size = view.byteLength - offset) {
  const bytes = view instanceof ArrayBuffer ? new Uint8Array(view) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  bytes.set(llrt.randomBytes(size), offset);
  return view;
}

function timingSafeEqual(a, b) {
  const [x, y] = [bytesOf(a), bytesOf(b)];
  if (x.length !== y.length) throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' });
  let differs = 0;
  for (let index = 0; index < x.length; index += 1) differs |= x[index] ^ y[index];
  return differs === 0;
}

function pbkdf2Sync(password, salt, iterations, length, digest) {
  const name = nameOf(digest);
  const secret = bytesOf(password);
  const blocks = [];
  for (let count = 1, made = 0; made < length; count += 1) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(count);
    let last = createHmac(name, secret).update(bytesOf(salt)).update(number).digest();
    const sum = Buffer.from(last);
    for (let round = 1; round < iterations; round += 1) {
      last = createHmac(name, secret).update(last).digest();
      for (let index = 0; index < sum.length; index += 1) sum[index] ^= last[index];
    }
    blocks.push(sum);
    made += sum.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function hkdfSync(digest, key, salt, info, length) {
  const name = nameOf(digest);
  const size = createHash(name).digest().length;
  const own = bytesOf(salt);
  const secret = createHmac(name, own.length > 0 ? own : Buffer.alloc(size)).update(bytesOf(key)).digest();
  const blocks = [];
  let last = Buffer.alloc(0);
  for (let count = 1; count <= Math.ceil(length / size); count += 1) {
    last = createHmac(name, secret).update(last).update(bytesOf(info)).update(Buffer.of(count)).digest();
    blocks.push(last);
  }
  const all = Buffer.concat(blocks).subarray(0, length);
  return all.buffer.slice(all.byteOffset, all.byteOffset + length);
}

class KeyObject {
  #bytes;
  constructor(type, bytes) {
    this.type = type;
    this.#bytes = Buffer.from(bytes);
  }
  get symmetricKeySize() {
    return this.#bytes.length;
  }
  export(options) {
    return options?.format === 'jwk' ? { kty: 'oct', k: this.#bytes.toString('base64url') } : Buffer.from(this.#bytes);
  }
  equals(other) {
    return other instanceof KeyObject && this.#bytes.equals(other.export());
  }
}

const absent = (name, instead) => {
  const make = function () {
    throw Object.assign(new Error(`crypto.${name} is not in this runtime; ${instead}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
  };
  return Object.defineProperty(make, 'name', { value: name });
};

const SUBTLE = 'use crypto.subtle (importKey, then sign, verify, encrypt or decrypt), which has RSA, ECDSA, Ed25519 and AES';

module.exports = {
  createHash, createHmac, Hash, Hmac, randomBytes, pseudoRandomBytes: randomBytes, randomInt, randomFillSync, timingSafeEqual, pbkdf2Sync, hkdfSync, KeyObject,
  hash: (algorithm, data, encoding = 'hex') => createHash(algorithm).update(data).digest(encoding),
  randomFill(view, ...rest) {
    const callback = rest.pop();
    answer(callback, () => randomFillSync(view, ...rest));
  },
  pbkdf2: (password, salt, iterations, length, digest, callback) => answer(callback, () => pbkdf2Sync(password, salt, iterations, length, digest)),
  hkdf: (digest, key, salt, info, length, callback) => answer(callback, () => hkdfSync(digest, key, salt, info, length)),
  randomUUID: () => webcrypto.randomUUID(),
  getRandomValues: (view) => webcrypto.getRandomValues(view),
  createSecretKey: (key, encoding) => new KeyObject('secret', bytesOf(key, encoding)),
  getHashes: () => ['md5', 'sha1', 'sha256', 'sha384', 'sha512'],
  getCiphers: () => [],
  getCurves: () => [],
  getFips: () => 0,
  webcrypto,
  subtle: webcrypto.subtle,
  constants: { RSA_PKCS1_PADDING: 1, RSA_PKCS1_OAEP_PADDING: 4, RSA_PKCS1_PSS_PADDING: 6, RSA_PSS_SALTLEN_DIGEST: -1, RSA_PSS_SALTLEN_AUTO: -2 },
};
for (const name of [
  'createSign', 'createVerify', 'sign', 'verify', 'createCipheriv', 'createDecipheriv', 'createPublicKey', 'createPrivateKey', 'generateKeyPair',
  'generateKeyPairSync', 'publicEncrypt', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'createDiffieHellman', 'createECDH', 'diffieHellman',
]) {
  module.exports[name] = absent(name, SUBTLE);
}
for (const name of ['scrypt', 'scryptSync']) module.exports[name] = absent(name, 'use pbkdf2');
for (const name of ['X509Certificate']) module.exports[name] = absent(name, 'the host checks certificates');
