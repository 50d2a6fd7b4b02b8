'use strict';
// Keys and their values.

const { current } = require('./backend.js');
const { Conflict } = require('./errors.js');
const { toText } = require('./bytes.js');
const given = require('./given.js');

const { key } = given;

class Keyspace {
  #node;
  constructor(name, node) {
    this.name = given.keyspace(name);
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
    const keys = given.keys(names);
    const values = this.#node().getMany(this.name, keys);
    return new Map(keys.map((name, index) => [name, values[index]]).filter(([, value]) => value !== null));
  }
  async set(name, value) {
    this.#node().setMany(this.name, [given.entry(name, value)]);
  }
  async setJson(name, value) {
    await this.set(name, JSON.stringify(value));
  }
  async setMany(values) {
    const entries = typeof values[Symbol.iterator] === 'function' ? values : Object.entries(values);
    this.#node().setMany(this.name, given.entries(entries));
  }
  async delete(...names) {
    this.#node().deleteMany(this.name, given.keys(names));
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
    const sum = this.#node().increment(this.name, key(name), given.delta(by));
    const number = Number(sum);
    return Number.isSafeInteger(number) ? number : sum;
  }
  async swap(name, old, value) {
    const before = old === null || old === undefined ? null : given.toBytes(old);
    if (!this.#node().swap(this.name, key(name), before, given.entry(name, value)[1])) {
      throw new Conflict(`the value of key ${JSON.stringify(name)} of keyspace "${this.name}" is another by now`);
    }
  }
  async update(name, change) {
    for (;;) {
      const old = await this.get(name);
      // A copy, since it may change what it gets.
      const [, value] = given.entry(name, await change(old?.slice() ?? null));
      if (this.#node().swap(this.name, key(name), old, value)) return value;
    }
  }
}

exports.Keyspace = Keyspace;
