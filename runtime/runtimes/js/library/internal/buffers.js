'use strict';
// What LLRT's Buffer has not, or has in another way than Node.

const NAMES = {
  utf8: 'utf8', 'utf-8': 'utf8', hex: 'hex', base64: 'base64', base64url: 'base64url', latin1: 'latin1', binary: 'latin1',
  ascii: 'ascii', utf16le: 'utf16le', 'utf-16le': 'utf16le', ucs2: 'utf16le', 'ucs-2': 'utf16le',
};

function encodingOf(name) {
  if (name === undefined || name === null || name === '') return 'utf8';
  const known = NAMES[name] ?? NAMES[String(name).toLowerCase()];
  if (known !== undefined) return known;
  const error = new TypeError(`Unknown encoding: ${name}`);
  error.code = 'ERR_UNKNOWN_ENCODING';
  throw error;
}

const encode = (text, encoding) => native.text.encode(text.toWellFormed(), encodingOf(encoding));

function invalid(name, expected, value) {
  const error = new TypeError(`The "${name}" argument must be ${expected}. Received ${value === null ? 'null' : typeof value}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

const isBytes = (value) => value instanceof Uint8Array;

exports.complete = () => {
  const Original = Buffer;
  const { alloc } = Original;

  const wrap = (bytes) => {
    Object.setPrototypeOf(bytes, Own.prototype);
    return bytes;
  };

  function Own(value, encodingOrOffset, length) {
    return typeof value === 'number' ? Own.alloc(value) : Own.from(value, encodingOrOffset, length);
  }
  Object.setPrototypeOf(Own, Uint8Array);
  for (const name of Object.getOwnPropertyNames(Original)) {
    if (!['length', 'name', 'prototype'].includes(name)) Own[name] = Original[name];
  }
  Own.prototype = Original.prototype;
  Object.defineProperty(Own.prototype, 'constructor', { value: Own, writable: true, configurable: true });
  Object.defineProperty(Own, Symbol.species, { get: () => Own });
  Own.poolSize = 8192;

  // A function and no arrow, since much code has `new Buffer.from(…)`.
  Own.from = function from_(value, encodingOrOffset, length) {
    if (typeof value === 'string') return wrap(encode(value, encodingOrOffset));
    if (value instanceof ArrayBuffer) return wrap(new Uint8Array(value, encodingOrOffset ?? 0, length));
    if (isBytes(value)) return wrap(new Uint8Array(value));
    if (typeof value === 'object' && value !== null) {
      if (value.type === 'Buffer' && Array.isArray(value.data)) return wrap(Uint8Array.from(value.data));
      if (typeof value.length === 'number') return wrap(Uint8Array.from(value));
      const primitive = value.valueOf?.();
      if (primitive !== value && primitive !== undefined && primitive !== null) return Own.from(primitive, encodingOrOffset, length);
      if (typeof value[Symbol.toPrimitive] === 'function') return Own.from(value[Symbol.toPrimitive]('string'), encodingOrOffset);
    }
    throw invalid('first', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
  };
  Own.of = (...all) => wrap(Uint8Array.from(all));
  Own.alloc = function alloc_(size, fill, encoding) {
    if (typeof size !== 'number') throw invalid('size', 'of type number', size);
    const made = alloc(size);
    return fill === undefined || fill === 0 ? made : made.fill(fill, encoding);
  };
  Own.allocUnsafe = (size) => Own.alloc(size);
  Own.allocUnsafeSlow = Own.allocUnsafe;
  Own.byteLength = (value, encoding) => (typeof value === 'string' ? encode(value, encoding).length : value.byteLength);
  Own.isEncoding = (name) => typeof name === 'string' && NAMES[name.toLowerCase()] !== undefined;
  Own.concat = (list, total) => {
    if (!Array.isArray(list)) throw invalid('list', 'an instance of Array', list);
    const size = total ?? list.reduce((sum, one) => sum + one.length, 0);
    const all = Own.alloc(size);
    let at = 0;
    for (const one of list) {
      if (!isBytes(one)) throw invalid('list', 'an array of instances of Buffer or Uint8Array', one);
      if (at >= size) break;
      all.set(at + one.length > size ? one.subarray(0, size - at) : one, at);
      at += one.length;
    }
    return all;
  };
  Own.compare = (a, b) => {
    if (!isBytes(a) || !isBytes(b)) throw invalid('buf', 'an instance of Buffer or Uint8Array', isBytes(a) ? b : a);
    const length = Math.min(a.length, b.length);
    for (let index = 0; index < length; index += 1) {
      if (a[index] !== b[index]) return a[index] < b[index] ? -1 : 1;
    }
    return Math.sign(a.length - b.length);
  };
  Own.copyBytesFrom = (view, offset = 0, length = view.length - offset) => {
    const part = view.subarray(offset, offset + length);
    return wrap(new Uint8Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength)));
  };

  Object.defineProperty(Own, 'name', { value: 'Buffer', configurable: true });
  completePrototype(Own);
  // LLRT declares it as a class, which goes before a property of the global object.
  Buffer = Own;
  Object.defineProperty(globalThis, 'Buffer', { value: Own, writable: true, enumerable: false, configurable: true });
};

// Bytes of what `fill`, `indexOf` and `includes` take.
function bytesOf(Buffer, value, encoding) {
  if (typeof value === 'string') return Buffer.from(value, encoding);
  return typeof value === 'number' ? Buffer.of(value & 255) : value;
}

function completePrototype(Buffer) {
  const { prototype } = Buffer;
  const fill = Uint8Array.prototype.fill;
  const own = {
    toString(encoding, start = 0, end = this.length) {
      const from = Math.max(0, Math.trunc(start) || 0);
      const to = Math.min(this.length, Math.trunc(end) || 0);
      return from >= to ? '' : native.text.decode(this, encodingOf(encoding), from, to);
    },
    toLocaleString(encoding, start, end) {
      return this.toString(encoding, start, end);
    },
    toJSON() {
      return { type: 'Buffer', data: Array.from(this) };
    },
    equals(other) {
      if (!isBytes(other)) throw invalid('otherBuffer', 'an instance of Buffer or Uint8Array', other);
      return this === other || Buffer.compare(this, other) === 0;
    },
    compare(other, targetStart = 0, targetEnd = other.length, start = 0, end = this.length) {
      return Buffer.compare(this.subarray(start, end), other.subarray(targetStart, targetEnd));
    },
    slice(start, end) {
      return this.subarray(start, end);
    },
    write(text, offset, length, encoding) {
      if (typeof offset === 'string') [offset, length, encoding] = [0, undefined, offset];
      else if (typeof length === 'string') [length, encoding] = [undefined, length];
      offset ??= 0;
      let bytes = encode(text, encoding);
      const room = Math.min(length ?? Infinity, this.length - offset);
      if (bytes.length > room) {
        // No character is written in part.
        let end = room;
        if (encodingOf(encoding) === 'utf8') while (end > 0 && (bytes[end] & 0xc0) === 0x80) end -= 1;
        bytes = bytes.subarray(0, end);
      }
      this.set(bytes, offset);
      return bytes.length;
    },
    fill(value, offset, end, encoding) {
      if (typeof offset === 'string') [offset, end, encoding] = [undefined, undefined, offset];
      else if (typeof end === 'string') [end, encoding] = [undefined, end];
      if (typeof value === 'number' || typeof value === 'boolean') return fill.call(this, value & 255, offset, end);
      const bytes = bytesOf(Buffer, value, encoding);
      if (bytes.length === 0) return fill.call(this, 0, offset, end);
      const to = end ?? this.length;
      for (let at = offset ?? 0, index = 0; at < to; at += 1, index += 1) this[at] = bytes[index % bytes.length];
      return this;
    },
    indexOf(value, offset, encoding) {
      return find(Buffer, this, value, offset, encoding, false);
    },
    lastIndexOf(value, offset, encoding) {
      return find(Buffer, this, value, offset, encoding, true);
    },
    includes(value, offset, encoding) {
      return this.indexOf(value, offset, encoding) !== -1;
    },
    copy(target, targetStart = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - targetStart));
      target.set(part, targetStart);
      return part.length;
    },
    swap16() {
      return swap(this, 2);
    },
    swap32() {
      return swap(this, 4);
    },
    swap64() {
      return swap(this, 8);
    },
    readUIntBE(offset, length) {
      return integer(this.subarray(offset, offset + length), false);
    },
    readUIntLE(offset, length) {
      return integer(this.subarray(offset, offset + length).toReversed(), false);
    },
    readIntBE(offset, length) {
      return integer(this.subarray(offset, offset + length), true);
    },
    readIntLE(offset, length) {
      return integer(this.subarray(offset, offset + length).toReversed(), true);
    },
    writeUIntBE(value, offset, length) {
      return put(this, value, offset, length, false);
    },
    writeIntBE(value, offset, length) {
      return put(this, value, offset, length, false);
    },
    writeUIntLE(value, offset, length) {
      return put(this, value, offset, length, true);
    },
    writeIntLE(value, offset, length) {
      return put(this, value, offset, length, true);
    },
  };
  for (const [name, encoding] of Object.entries({ utf8: 'utf8', hex: 'hex', base64: 'base64', base64url: 'base64url', latin1: 'latin1', ascii: 'ascii', ucs2: 'utf16le', utf16le: 'utf16le' })) {
    own[`${name}Slice`] = function (start, end) {
      return this.toString(encoding, start, end);
    };
    own[`${name}Write`] = function (text, offset, length) {
      return this.write(text, offset, length, encoding);
    };
  }
  for (const kind of ['BigInt64', 'BigUint64']) {
    for (const [end, isLittle] of [['LE', true], ['BE', false]]) {
      const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      const name = `${kind.replace('Uint', 'UInt')}${end}`;
      own[`read${name}`] = function (offset = 0) {
        return view(this)[`get${kind}`](offset, isLittle);
      };
      own[`write${name}`] = function (value, offset = 0) {
        view(this)[`set${kind}`](offset, value, isLittle);
        return offset + 8;
      };
    }
  }
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
  }
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name.includes('UInt') && typeof prototype[name] === 'function') {
      Object.defineProperty(prototype, name.replace('UInt', 'Uint'), { value: prototype[name], writable: true, configurable: true });
    }
  }
  Object.defineProperties(prototype, {
    parent: { get() { return this.buffer; }, configurable: true },
    offset: { get() { return this.byteOffset; }, configurable: true },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: inspect, configurable: true, writable: true },
  });
}

function inspect() {
  const shown = this.subarray(0, 50).toString('hex').replace(/(..)(?=.)/g, '$1 ');
  const more = this.length - 50;
  return `<Buffer${shown ? ` ${shown}` : ''}${more > 0 ? ` ... ${more} more byte${more > 1 ? 's' : ''}` : ''}>`;
}

function find(Buffer, all, value, offset, encoding, isLast) {
  if (typeof offset === 'string') [offset, encoding] = [undefined, offset];
  const part = bytesOf(Buffer, value, encoding);
  const end = all.length - part.length;
  let at = Math.trunc(offset ?? (isLast ? end : 0));
  if (at < 0) at = Math.max(isLast ? -1 : 0, all.length + at);
  const fits = (start) => part.every((byte, index) => all[start + index] === byte);
  if (isLast) {
    for (at = Math.min(at, end); at >= 0; at -= 1) if (fits(at)) return at;
    return -1;
  }
  while (at <= end) {
    if (part.length === 0) return at;
    at = Uint8Array.prototype.indexOf.call(all, part[0], at);
    if (at < 0 || at > end) return -1;
    if (fits(at)) return at;
    at += 1;
  }
  return -1;
}

function swap(buffer, size) {
  if (buffer.length % size !== 0) {
    const error = new RangeError(`Buffer size must be a multiple of ${size * 8}-bits`);
    error.code = 'ERR_INVALID_BUFFER_SIZE';
    throw error;
  }
  for (let at = 0; at < buffer.length; at += size) buffer.subarray(at, at + size).reverse();
  return buffer;
}

function integer(bytes, isSigned) {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return isSigned && bytes[0] >= 128 ? value - 256 ** bytes.length : value;
}

function put(buffer, value, offset, length, isLittle) {
  let rest = value < 0 ? value + 256 ** length : value;
  for (let index = 0; index < length; index += 1) {
    buffer[isLittle ? offset + index : offset + length - 1 - index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + length;
}
