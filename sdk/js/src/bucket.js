'use strict';
// Objects in buckets.

const { current } = require('./backend.js');
const { joined, toBytes, toText } = require('./bytes.js');

// Bytes that are read or written at once, and objects that one call deletes.
const PIECE = 256 << 10;
const DELETED_AT_ONCE = 1000;

function key(text) {
  if (typeof text !== 'string') throw new TypeError(`an object's key is a string, not ${typeof text}`);
  return text;
}

function position(number, what) {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${what} is a whole number of bytes, not ${number}`);
  return number;
}

// An object that is being written: it is there once `finish` was called.
class Writer {
  #writing;
  constructor(writing) {
    this.#writing = writing;
  }
  async write(data) {
    const bytes = toBytes(data);
    for (let at = 0; at < bytes.length; at += PIECE) this.#writing.write(bytes.subarray(at, at + PIECE));
  }
  async finish() {
    this.#writing.finish();
  }
  async abandon() {
    this.#writing.abandon();
  }
  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.#writing.abandon();
  }
}

class Bucket {
  #node;
  constructor(name, node) {
    this.name = name;
    this.#node = node ? () => node : current;
  }
  async get(name, options) {
    const pieces = [];
    for await (const piece of this.stream(name, options)) pieces.push(piece);
    return joined(pieces);
  }
  async getText(name) {
    return toText(await this.get(name));
  }
  async *stream(name, { start = 0, end } = {}) {
    position(start, 'start');
    if (end !== undefined && position(end, 'end') <= start) return;
    const reading = this.#node().read(this.name, key(name), start, end === undefined ? null : end - 1);
    try {
      for (let piece = reading.read(PIECE); piece !== null; piece = reading.read(PIECE)) yield piece;
    } finally {
      reading.close();
    }
  }
  async put(name, content) {
    const isWhole = typeof content === 'string' || ArrayBuffer.isView(content) || content instanceof ArrayBuffer;
    const writer = await this.writer(name);
    try {
      if (isWhole) await writer.write(content);
      else for await (const piece of content) await writer.write(piece);
      await writer.finish();
    } finally {
      await writer.abandon();
    }
  }
  async writer(name) {
    return new Writer(this.#node().write(this.name, key(name)));
  }
  async head(name) {
    const { size, created } = this.#node().info(this.name, key(name));
    return { key: name, size, created: new Date(created * 1000) };
  }
  async exists(name) {
    return this.#node().hasObject(this.name, key(name));
  }
  async *list(prefix = '') {
    const listing = this.#node().list(this.name);
    try {
      for (let page = listing.next(); page !== null; page = listing.next()) {
        for (const name of page) if (name.startsWith(prefix)) yield name;
      }
    } finally {
      listing.close();
    }
  }
  [Symbol.asyncIterator]() {
    return this.list();
  }
  async delete(...names) {
    const keys = names.map(key);
    for (let first = 0; first < keys.length; first += DELETED_AT_ONCE) {
      this.#node().deleteObjects(this.name, keys.slice(first, first + DELETED_AT_ONCE));
    }
  }
  async copy(name, to, bucket = this.name) {
    this.#node().copy([this.name, key(name)], [bucket, key(to)]);
  }
  async move(name, to, bucket = this.name) {
    this.#node().move([this.name, key(name)], [bucket, key(to)]);
  }
}

exports.Bucket = Bucket;
