'use strict';
// Messages that are sent. What receives them is a function that a trigger calls.

const { current } = require('./backend.js');
const { delivery, message, text, toBytes } = require('./given.js');

function encoded(data) {
  if (typeof data === 'string') return [toBytes(data), 'text/plain; charset=utf-8'];
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return [toBytes(data), null];
  const json = JSON.stringify(data);
  if (json === undefined) throw new TypeError(`a message is text, bytes, or what JSON has a form for, not ${typeof data}`);
  return [toBytes(json), 'application/json'];
}

class Queue {
  #node;
  constructor(name, node) {
    this.name = text(name, 'the name of a queue');
    this.#node = node ? () => node : current;
  }
  async send(data, { attributes = {}, contentType, group, deduplication } = {}) {
    const [body, type] = encoded(data);
    const metadata = Object.entries(attributes).map(([name, value]) => [name, String(value)]);
    message(body, metadata);
    if (group !== undefined) metadata.push(['lambent-group', delivery(String(group), 'the group')]);
    if (deduplication !== undefined) metadata.push(['lambent-deduplication', delivery(String(deduplication), 'the deduplication id')]);
    const mediaType = contentType ?? type;
    this.#node().send(this.name, body, mediaType === null ? null : text(mediaType, 'the media type'), metadata);
  }
}

exports.Queue = Queue;
