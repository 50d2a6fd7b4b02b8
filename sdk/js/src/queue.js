'use strict';
// Messages that are sent. What receives them is a function that a trigger calls.

const { current } = require('./backend.js');
const { toBytes } = require('./bytes.js');

function encoded(data) {
  if (typeof data === 'string') return [toBytes(data), 'text/plain; charset=utf-8'];
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return [toBytes(data), null];
  const text = JSON.stringify(data);
  if (text === undefined) throw new TypeError(`a message is text, bytes, or what JSON has a form for, not ${typeof data}`);
  return [toBytes(text), 'application/json'];
}

class Queue {
  #node;
  constructor(name, node) {
    this.name = name;
    this.#node = node ? () => node : current;
  }
  async send(data, { attributes = {}, contentType, group, deduplication } = {}) {
    const [body, type] = encoded(data);
    const metadata = Object.entries(attributes).map(([name, value]) => [name, String(value)]);
    if (group !== undefined) metadata.push(['lambent-group', String(group)]);
    if (deduplication !== undefined) metadata.push(['lambent-deduplication', String(deduplication)]);
    this.#node().send(this.name, body, contentType ?? type, metadata);
  }
}

exports.Queue = Queue;
