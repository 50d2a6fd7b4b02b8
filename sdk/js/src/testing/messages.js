'use strict';
// The messages of a queue in memory.

const { toText } = require('../bytes.js');

// Milliseconds for which a FIFO queue knows what it was sent.
const DEDUPLICATED = 300_000;

class Sent {
  constructor(body, contentType, attributes, group, deduplication) {
    Object.assign(this, { body, contentType, attributes, group, deduplication });
  }
  get text() {
    return toText(this.body);
  }
  get json() {
    return JSON.parse(this.text);
  }
}

class Messages {
  sent = [];
  #fifo;
  #known = new Map();
  constructor(name) {
    this.#fifo = name.endsWith('.fifo');
  }
  // Keeps a message, or says why not.
  send(body, contentType, metadata) {
    const { 'lambent-group': group, 'lambent-deduplication': deduplication, ...attributes } = Object.fromEntries(metadata);
    const why = this.#wrong(group, deduplication);
    if (why !== undefined) return why;
    const now = Date.now();
    if (deduplication !== undefined) {
      if (now - (this.#known.get(deduplication) ?? -DEDUPLICATED) < DEDUPLICATED) return undefined;
      this.#known.set(deduplication, now);
    }
    this.sent.push(new Sent(Uint8Array.from(body), contentType ?? undefined, attributes, group, deduplication));
    return undefined;
  }
  #wrong(group, deduplication) {
    for (const [what, text] of [['group', group], ['deduplication id', deduplication]]) {
      if (text === '') return `its ${what} must have 1 to 128 bytes`;
    }
    if (this.#fifo && group === undefined) return "a FIFO queue needs the message's group";
    if (!this.#fifo && (group !== undefined || deduplication !== undefined)) {
      return 'only FIFO queues, whose names end in .fifo, have groups and duplicates';
    }
    return undefined;
  }
}

exports.Messages = Messages;
exports.Sent = Sent;
