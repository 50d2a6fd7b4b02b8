'use strict';
// Keys and their values.

const { current } = require('./backend.js');
const { Conflict } = require('./errors.js');
const { toBytes, toText } = require('./bytes.js');
const { delta, text } = require('./given.js');

const key = (name) => text(name, 'a key');

class Keyspace {
  #node;
  constructor(name, node) {
    this.name = text(name, 'the name of a keyspace');
    this.#node = node ? () => node : current;
  }
  async get(name) {
    return this.#node().get(this.name, key(name));
  }
  async getText(name) {
    const value = await this.get(name);
    return value === null ? null : toText(value);
  }
  async getJson(name) {
    const value = await this.getText(name);
    return value === null ? null : JSON.parse(value);
  }
  async getMany(names) {
    const keys = Array.from(names, key);
    const values = this.#node().getMany(this.name, keys);
    return new Map(keys.map((name, index) => [name, values[index]]).filter(([, value]) => value !== null));
  }
  async set(name, value) {
    this.#node().setMany(this.name, [[key(name), toBytes(value)]]);
  }
  async setJson(name, value) {
    await this.set(name, JSON.stringify(value));
  }
  async setMany(values) {
    const entries = typeof values[Symbol.iterator] === 'function' ? values : Object.entries(values);
    this.#node().setMany(this.name, Array.from(entries, ([name, value]) => [key(name), toBytes(value)]));
  }
  async delete(...names) {
    this.#node().deleteMany(this.name, names.map(key));
  }
  async exists(name) {
    return this.#node().hasKey(this.name, key(name));
  }
  async *keys(prefix = '') {
    let cursor = null;
    do {
      const page = this.#node().keys(this.name, cursor);
      for (const name of page.keys) if (name.startsWith(prefix)) yield name;
      cursor = page.cursor;
    } while (cursor !== null);
  }
  [Symbol.asyncIterator]() {
    return this.keys();
  }
  async increment(name, by = 1) {
    const sum = this.#node().increment(this.name, key(name), delta(by));
    const number = Number(sum);
    return Number.isSafeInteger(number) ? number : sum;
  }
  async swap(name, old, value) {
    const before = old === null || old === undefined ? null : toBytes(old);
    if (!this.#node().swap(this.name, key(name), before, toBytes(value))) {
      throw new Conflict(`the value of key ${JSON.stringify(name)} of keyspace "${this.name}" is another by now`);
    }
  }
  async update(name, change) {
    for (;;) {
      const old = await this.get(name);
      const value = toBytes(await change(old));
      if (this.#node().swap(this.name, key(name), old, value)) return value;
    }
  }
}

exports.Keyspace = Keyspace;
