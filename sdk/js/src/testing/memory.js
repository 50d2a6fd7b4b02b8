'use strict';
// Keyspaces, buckets and queues in memory, in the place of the node's.

const { isSame } = require('../bytes.js');
const { Messages } = require('./messages.js');

// What a node takes at most: bytes of keys, of a value, of a batch and of what one call gives; keys at once.
const KEY = 1024;
const VALUE = 1 << 20;
const BATCH_BYTES = 16 << 20;
const GIVEN_BYTES = 8 << 20;
const BATCH = 1000;
// Keys on a page.
const PAGE = 1000;

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KINDS = ['keyspace', 'bucket', 'queue'];

const utf8 = (text) => new TextEncoder().encode(text);
const inOrder = (keys) => Array.from(keys, (key) => [Buffer.from(key), key]).sort(([a], [b]) => Buffer.compare(a, b)).map(([, key]) => key);
const now = () => Math.floor(Date.now() / 1000);

// Why a name is none.
function misnamed(kind, name) {
  if (kind === 'bucket') {
    if (BUCKET_NAME.test(name)) return undefined;
    return 'a bucket name has 3 to 63 characters of a-z 0-9 . -, begins and ends with a letter or digit, and has no two dots in a row';
  }
  const plain = kind === 'queue' ? name.replace(/\.fifo$/, '') : name;
  return NAME.test(plain) ? undefined : `${kind} name ${JSON.stringify(name)} is not 1 to 64 characters of A-Z a-z 0-9 _ -`;
}

// Everything that is there, whoever may reach it.
class Resources {
  keyspace = new Map();
  bucket = new Map();
  queue = new Map();
  create(resource) {
    const [kind, name] = this.parse(resource);
    const why = misnamed(kind, name);
    if (why !== undefined) throw new TypeError(why);
    if (!this[kind].has(name)) this[kind].set(name, kind === 'queue' ? new Messages(name) : new Map());
  }
  delete(resource) {
    const [kind, name] = this.parse(resource);
    this[kind].delete(name);
  }
  parse(resource) {
    const at = resource.indexOf(':');
    const kind = resource.slice(0, Math.max(at, 0));
    if (!KINDS.includes(kind)) throw new TypeError(`${JSON.stringify(resource)} is no resource; write one as in keyspace:todo`);
    return [kind, resource.slice(at + 1)];
  }
}

// What may be done with which resource: by what was granted; without grants, everything.
class Access {
  constructor(resources, grants, errors) {
    Object.assign(this, { resources, grants, errors });
  }
  fail(text) {
    throw this.errors.ofText(text);
  }
  refuse(kind, name, wanted, has) {
    throw this.errors.notGranted(kind, name, wanted, has, this.resources[kind].has(name));
  }
  checkName(kind, name) {
    const why = misnamed(kind, name);
    if (why !== undefined) this.fail(why);
  }
  // A resource that was granted and is there, whatever may be done with it.
  open(kind, name, wanted) {
    this.checkName(kind, name);
    // Which of the two is asked for first, a bucket does not know yet when it is opened.
    if (this.grants !== null && !this.grants.has(`${kind}:${name}`)) this.refuse(kind, name, kind === 'keyspace' ? wanted : 'read');
    const opened = this.resources[kind].get(name);
    if (opened !== undefined) return opened;
    if (kind === 'keyspace') throw this.errors.noKeyspace(name);
    return this.fail(`${kind} "${name}" does not exist in namespace "default"`);
  }
  check(kind, name, wanted) {
    if (this.grants === null) return;
    const has = this.grants.get(`${kind}:${name}`);
    if (has === undefined || !has.includes(wanted)) this.refuse(kind, name, wanted, has);
  }
  reach(kind, name, wanted) {
    const opened = this.open(kind, name, wanted);
    this.check(kind, name, wanted);
    return opened;
  }
  checkKey(what, key) {
    const size = utf8(key).length;
    if (size === 0) this.fail(`${what} is empty; give 1 to ${KEY} bytes of UTF-8`);
    if (size > KEY) this.fail(`${what} has ${size} bytes; the most is ${KEY}`);
  }
  checkCount(count) {
    if (count > BATCH) this.fail(`${count} keys at once are too many; the most is ${BATCH}`);
  }
}

function keyspaces(access) {
  const get = (keyspace, key) => access.reach('keyspace', keyspace, 'read').get(key) ?? null;
  const setMany = (keyspace, values) => {
    const entries = access.reach('keyspace', keyspace, 'write');
    access.checkCount(values.length);
    let size = 0;
    for (const [key, value] of values) {
      access.checkKey('a key', key);
      if (value.length > VALUE) access.fail(`the value of key "${key}" has ${value.length} bytes; the most is ${VALUE}`);
      size += utf8(key).length + value.length;
    }
    if (size > BATCH_BYTES) access.fail(`a batch has ${size} bytes of keys and values; the most is ${BATCH_BYTES}`);
    for (const [key, value] of values) entries.set(key, Uint8Array.from(value));
  };
  return {
    get,
    setMany,
    hasKey: (keyspace, key) => get(keyspace, key) !== null,
    getMany(keyspace, keys) {
      access.reach('keyspace', keyspace, 'read');
      access.checkCount(keys.length);
      const values = keys.map((key) => get(keyspace, key));
      const size = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
      if (size > GIVEN_BYTES) access.fail(`the values are larger than ${GIVEN_BYTES} bytes together; get fewer at once`);
      return values;
    },
    deleteMany(keyspace, keys) {
      const entries = access.reach('keyspace', keyspace, 'write');
      access.checkCount(keys.length);
      for (const key of keys) access.checkKey('a key', key);
      for (const key of keys) entries.delete(key);
    },
    keys(keyspace, cursor) {
      const all = inOrder(access.reach('keyspace', keyspace, 'read').keys());
      const rest = cursor === null ? all : all.slice(all.indexOf(cursor) + 1);
      return { keys: rest.slice(0, PAGE), cursor: rest.length > PAGE ? rest[PAGE - 1] : null };
    },
    increment(keyspace, key, by) {
      const entries = access.reach('keyspace', keyspace, 'write');
      access.checkKey('a key', key);
      const text = entries.has(key) ? Buffer.from(entries.get(key)).toString('latin1') : '0';
      const sum = /^-?[0-9]+$/.test(text) ? BigInt(text) + by : undefined;
      if (sum === undefined || [sum, sum - by].some((number) => BigInt.asIntN(64, number) !== number)) {
        access.fail(`the value of key "${key}" is, or would become, no decimal number of 64 bits, so it cannot be counted with; set or delete it first`);
      }
      entries.set(key, utf8(String(sum)));
      return sum;
    },
    swap(keyspace, key, old, value) {
      if (!isSame(get(keyspace, key), old)) return false;
      setMany(keyspace, [[key, value]]);
      return true;
    },
  };
}

function buckets(access) {
  const find = (bucket, key) => {
    const found = access.reach('bucket', bucket, 'read').get(key);
    return found ?? access.fail(`bucket "${bucket}" has no object "${key}"`);
  };
  const store = (objects, key, content) => {
    access.checkKey("an object's key", key);
    objects.set(key, { content, created: now() });
  };
  const copy = ([from, key], [to, target]) => {
    access.check('bucket', from, 'read');
    access.check('bucket', to, 'write');
    const { content } = find(from, key);
    store(access.open('bucket', to, 'write'), target, content);
  };
  const deleteObjects = (bucket, keys) => {
    const objects = access.reach('bucket', bucket, 'write');
    for (const key of keys) objects.delete(key);
  };
  return {
    copy,
    deleteObjects,
    read(bucket, key, start, last) {
      const { content } = find(bucket, key);
      if (start > 0 && start >= content.length) access.fail(`object "${key}" ends at byte ${content.length}, before the range begins`);
      const end = last === null ? content.length : Math.min(last + 1, content.length);
      let at = start;
      const read = (most) => {
        if (at >= end) return null;
        const piece = content.slice(at, Math.min(at + most, end));
        at += piece.length;
        return piece;
      };
      return { read, close() {} };
    },
    write(bucket, key) {
      const objects = access.reach('bucket', bucket, 'write');
      let pieces = [];
      const opened = () => pieces ?? access.fail('the object is closed');
      return {
        write: (data) => void opened().push(Uint8Array.from(data)),
        finish() {
          const content = Uint8Array.from(Buffer.concat(opened()));
          pieces = undefined;
          store(objects, key, content);
        },
        abandon() {
          pieces = undefined;
        },
      };
    },
    list(bucket) {
      const pages = [inOrder(access.reach('bucket', bucket, 'read').keys())];
      return { next: () => pages.shift() ?? null, close() {} };
    },
    info(bucket, key) {
      const { content, created } = find(bucket, key);
      return { size: content.length, created };
    },
    hasObject: (bucket, key) => access.reach('bucket', bucket, 'read').has(key),
    move(source, target) {
      access.check('bucket', source[0], 'write');
      copy(source, target);
      if (source[0] !== target[0] || source[1] !== target[1]) deleteObjects(source[0], [source[1]]);
    },
  };
}

function queues(access) {
  return {
    send(queue, body, contentType, metadata) {
      access.checkName('queue', queue);
      access.check('queue', queue, 'write');
      const why = access.open('queue', queue, 'write').send(body, contentType, metadata);
      if (why !== undefined) access.fail(`message 1: ${why}`);
    },
  };
}

exports.Resources = Resources;
exports.view = (resources, grants, errors) => {
  const access = new Access(resources, grants, errors);
  return { ...keyspaces(access), ...buckets(access), ...queues(access) };
};
