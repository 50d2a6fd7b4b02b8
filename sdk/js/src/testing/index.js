'use strict';
// A node in memory, for tests on one's own machine.

const { NODE } = require('../backend.js');
const { Keyspace } = require('../keyspace.js');
const { Bucket } = require('../bucket.js');
const { Resources, view } = require('./memory.js');

const nodes = [];
const VARIABLE = 'AWS_LAMBDA_FUNCTION_NAME';

// The node that a function has where this runs, if it does; then what tests left open.
const before = Object.getOwnPropertyDescriptor(process, NODE);

function settle() {
  if (nodes.length > 0) Object.defineProperty(process, NODE, { get: () => nodes.at(-1).make, configurable: true });
  else if (before !== undefined) Object.defineProperty(process, NODE, before);
  else delete process[NODE];
}

class MemoryNode {
  #resources = new Resources();
  #grants = new Map();
  #entry;
  constructor(grants, name) {
    this.grant(...grants);
    this.#entry = { make: (errors) => view(this.#resources, this.#grants, errors), variable: process.env[VARIABLE] };
    nodes.push(this.#entry);
    process.env[VARIABLE] = name;
    settle();
  }
  grant(...grants) {
    for (const grant of grants) {
      const [resource, access] = grant.split('=');
      if (!['read', 'write', 'read-write'].includes(access)) {
        throw new TypeError(`${JSON.stringify(grant)} is no grant; write one as in keyspace:todo=read-write`);
      }
      this.create(resource);
      this.#grants.set(resource, access);
    }
  }
  create(...resources) {
    for (const resource of resources) this.#resources.create(resource);
  }
  delete(...resources) {
    for (const resource of resources) this.#resources.delete(resource);
  }
  keyspace(name) {
    this.create(`keyspace:${name}`);
    return new Keyspace(name, view(this.#resources, null, require('../errors.js')));
  }
  bucket(name) {
    this.create(`bucket:${name}`);
    return new Bucket(name, view(this.#resources, null, require('../errors.js')));
  }
  sent(queue) {
    this.create(`queue:${queue}`);
    return this.#resources.queue.get(queue).sent.slice();
  }
  async run(test) {
    try {
      return await test(this);
    } finally {
      this.close();
    }
  }
  close() {
    const at = nodes.indexOf(this.#entry);
    if (at < 0) return;
    nodes.splice(at, 1);
    if (this.#entry.variable === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = this.#entry.variable;
    settle();
  }
  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.close();
  }
}

// A node whose function of that name is granted this and nothing else.
exports.memory = (...grants) => {
  const { name = 'function' } = typeof grants.at(-1) === 'object' ? grants.pop() : {};
  return new MemoryNode(grants, name);
};
exports.MemoryNode = MemoryNode;
exports.events = require('./events.js');
