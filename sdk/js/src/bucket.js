'use strict';
// Objects in buckets.

const { current } = require('./backend.js');
const { joined, toText } = require('./bytes.js');
const { position, text, toBytes } = require('./given.js');

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

function writeAll(writing, data) {
  const bytes = toBytes(data);
  for (let at = 0; at < bytes.length; at += PIECE) writing.write(bytes.subarray(at, at + PIECE));
}

// An object that is being written: it is there once `finish` was called.
class Writer {
  #writing;
  #close;
  constructor(writing, close) {
    this.#writing = writing;
    this.#close = close;
  }
  async write(data) {
    writeAll(this.#writing, data);
  }
  async finish() {
    try {
      this.#writing.finish();
    } finally {
      this.#close();
    }
  }
  async abandon() {
    this.#writing.abandon();
    this.#close();
  }
  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.abandon();
  }
}

class Bucket {
  #node;
  constructor(name, node) {
    this.name = named(name);
    this.#node = node ? () => node : current;
  }
  // Without a pause, so that however many are got at once, one is open.
  async get(name, { start = 0, end } = {}) {
    const pieces = [];
    const reading = this.#read(name, start, end);
    if (reading === undefined) return joined(pieces);
    try {
      for (let piece = reading.read(PIECE); piece !== null; piece = reading.read(PIECE)) pieces.push(piece);
    } finally {
      reading.close();
    }
    return joined(pieces);
  }
  async getText(name) {
    return toText(await this.get(name));
  }
  async *stream(name, { start = 0, end } = {}) {
    const { reads } = this.#node();
    const slot = await reads.take();
    try {
      const reading = this.#read(name, start, end);
      if (reading === undefined) return;
      try {
        for (let piece = reading.read(PIECE); piece !== null; piece = reading.read(PIECE)) yield piece;
      } finally {
        reading.close();
      }
    } finally {
      reads.give(slot);
    }
  }
  // An object that is being read; nothing of an empty range, which the interface has no form for.
  #read(name, start, end) {
    position(start, 'start');
    if (end !== undefined && position(end, 'end') <= start) return undefined;
    return this.#node().read(this.name, key(name), start, end === undefined ? null : end - 1);
  }
  async put(name, content) {
    if (typeof content === 'string' || ArrayBuffer.isView(content) || content instanceof ArrayBuffer) this.#putAtOnce(name, content);
    else await this.#putPieces(name, pieces(content));
  }
  // Without a pause, so that however many are put at once, one is open.
  #putAtOnce(name, content) {
    const writing = this.#node().write(this.name, key(name));
    try {
      writeAll(writing, content);
      writing.finish();
    } finally {
      writing.abandon();
    }
  }
  async #putPieces(name, content) {
    const writer = await this.writer(name);
    try {
      for await (const piece of content) await writer.write(piece);
      await writer.finish();
    } finally {
      await writer.abandon();
    }
  }
  async writer(name) {
    const node = this.#node();
    const slot = await node.writes.take();
    try {
      return new Writer(node.write(this.name, key(name)), () => node.writes.give(slot));
    } catch (error) {
      node.writes.give(slot);
      throw error;
    }
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
