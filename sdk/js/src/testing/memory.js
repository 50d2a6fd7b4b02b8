'use strict';
// Keyspaces, buckets and queues in memory, in the place of the node's.

const { isSame } = require('../bytes.js');
const { KEY } = require('../given.js');
const { Slots } = require('../slots.js');
const { Messages } = require('./messages.js');

// Bytes of values that one call gives, keys on a page, and objects that a function may have open.
const GIVEN_BYTES = 8 << 20;
const PAGE = 1000;
const OPEN = 32;

const NAME = 64;
const QUEUE_NAME = 80;
const NO_NAME = /[^A-Za-z0-9_-]/u;
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
  const most = (kind === 'queue' ? QUEUE_NAME : NAME) - (name.length - plain.length);
  if (plain === '') return `${kind} name is empty; give 1 to ${most} characters of A-Z a-z 0-9 _ -`;
  const wrong = NO_NAME.exec(plain);
  if (wrong !== null) return `${kind} name has the character '${wrong[0]}' at position ${wrong.index + 1}; use A-Z a-z 0-9 _ -`;
  return plain.length > most ? `${kind} name has ${plain.length} characters; the most is ${most}` : undefined;
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
    Object.assign(this, { resources, grants, errors, open: 0 });
  }
  // Counts an object that is read or written; gives what is called when it is closed.
  keep() {
    if (this.open === OPEN) this.fail(`the function has ${OPEN} objects open to be read or written; close some first`);
    this.open += 1;
    let isOpen = true;
    return () => {
      if (isOpen) this.open -= 1;
      isOpen = false;
    };
  }
  fail(text) {
    throw this.errors.ofText(text);
  }
  refuse(kind, name, wanted, has) {
    throw this.errors.notGranted(kind, name, wanted, has, this.resources[kind].has(name));
  }
  checkName(kind, name) {
    const why = misnamed(kind, name);
    // The interfaces of two kinds have words of their own for them.
    const own = { bucket: `container "${name}": `, queue: `topic "${name}": `, keyspace: '' }[kind];
    if (why !== undefined) this.fail(own + why);
  }
  // A resource that was granted and is there, whatever may be done with it.
  find(kind, name, wanted) {
    this.checkName(kind, name);
    if (this.grants !== null && !this.grants.has(`${kind}:${name}`)) {
      // Which of the two is asked for first, a bucket does not know yet when it is opened; and of a
      // keyspace that was not granted, nobody is told whether it is there.
      if (kind === 'keyspace') throw this.errors.notGranted(kind, name, wanted);
      this.refuse(kind, name, 'read');
    }
    const opened = this.resources[kind].get(name);
    if (opened !== undefined) return opened;
    if (kind === 'keyspace') throw this.errors.noKeyspace(name);
    return this.fail(`${kind} "${name}" does not exist in namespace "default"`);
  }
  check(kind, name, wanted) {
    this.checkName(kind, name);
    if (this.grants === null) return;
    const has = this.grants.get(`${kind}:${name}`);
    if (has === undefined || !has.includes(wanted)) this.refuse(kind, name, wanted, has);
  }
  reach(kind, name, wanted) {
    const opened = this.find(kind, name, wanted);
    this.check(kind, name, wanted);
    return opened;
  }
  checkKey(what, key) {
    if (key === '') this.fail(`${what} is empty; give 1 to ${KEY} bytes of UTF-8`);
  }
}

function keyspaces(access) {
  // A copy, as everything from a node is.
  const get = (keyspace, key) => access.reach('keyspace', keyspace, 'read').get(key)?.slice() ?? null;
  const setMany = (keyspace, values) => {
    const entries = access.reach('keyspace', keyspace, 'write');
    for (const [key] of values) access.checkKey('a key', key);
    for (const [key, value] of values) entries.set(key, Uint8Array.from(value));
  };
  return {
    get,
    setMany,
    hasKey: (keyspace, key) => get(keyspace, key) !== null,
    getMany(keyspace, keys) {
      access.reach('keyspace', keyspace, 'read');
      const values = keys.map((key) => get(keyspace, key));
      const size = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
      if (size > GIVEN_BYTES) access.fail(`the values are larger than ${GIVEN_BYTES} bytes together; get fewer at once`);
      return values;
    },
    deleteMany(keyspace, keys) {
      const entries = access.reach('keyspace', keyspace, 'write');
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
    store(access.find('bucket', to, 'write'), target, content);
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
      const close = access.keep();
      let at = start;
      const read = (most) => {
        if (at >= end) return null;
        const piece = content.slice(at, Math.min(at + most, end));
        at += piece.length;
        return piece;
      };
      return { read, close };
    },
    write(bucket, key) {
      const objects = access.reach('bucket', bucket, 'write');
      const close = access.keep();
      let pieces = [];
      const opened = () => pieces ?? access.fail('the object is closed');
      return {
        write: (data) => void opened().push(Uint8Array.from(data)),
        finish() {
          const content = Uint8Array.from(Buffer.concat(opened()));
          this.abandon();
          store(objects, key, content);
        },
        abandon() {
          pieces = undefined;
          close();
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
      access.check('queue', queue, 'write');
      const why = access.find('queue', queue, 'write').send(body, contentType, metadata);
      if (why !== undefined) access.fail(`message 1: ${why}`);
    },
  };
}

exports.Resources = Resources;
exports.view = (resources, grants, errors) => {
  const access = new Access(resources, grants, errors);
  return { reads: new Slots(), writes: new Slots(), ...keyspaces(access), ...buckets(access), ...queues(access) };
};
