'use strict';
// Objects in buckets.

const { current } = require('./backend.js');
const { joined, toBytes, toText } = require('./bytes.js');
const { position, text } = require('./given.js');

// Bytes that are read or written at once, and objects that one call deletes.
const PIECE = 256 << 10;
const DELETED_AT_ONCE = 1000;

const key = (name) => text(name, "an object's key");
const named = (name) => text(name, 'the name of a bucket');

// The pieces of what is given piece by piece: an iterable, or a stream that is none.
function pieces(content) {
  if (content?.[Symbol.asyncIterator] ?? content?.[Symbol.iterator]) return content;
  if (typeof content?.getReader === 'function') return readAll(content.getReader());
  throw new TypeError(`give a string, bytes, or an iterable or a stream of them, not ${content === null ? 'null' : typeof content}`);
}

async function* readAll(reader) {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
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
    this.name = named(name);
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
      else for await (const piece of pieces(content)) await writer.write(piece);
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
    this.#node().copy([this.name, key(name)], [named(bucket), key(to)]);
  }
  async move(name, to, bucket = this.name) {
    this.#node().move([this.name, key(name)], [named(bucket), key(to)]);
  }
}

exports.Bucket = Bucket;
