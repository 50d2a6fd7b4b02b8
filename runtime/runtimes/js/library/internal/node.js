'use strict';
// What the clients of `lambent` reach: the node. Errors are made by the copy of the package that
// asks, which may be in the program's own files.

const { Slots } = require('lambent/slots');

const resources = native.resources();

// Objects that are open, by whatever copy of the package.
const reads = new Slots();
const writes = new Slots();
require('internal/endings').add(() => {
  reads.clear();
  writes.clear();
});

module.exports = (errors) => {
  // Calls the host, whose errors of keyspaces have no words of their own.
  function told(call, wanted, name) {
    try {
      return call();
    } catch (error) {
      const other = wanted === 'read' ? 'write' : 'read';
      switch (error.code) {
        case 'refused':
          throw errors.ofText(error.message);
        case 'no-keyspace':
          throw errors.noKeyspace(name);
        case 'not-granted':
          throw errors.notGranted('keyspace', name, wanted, undefined);
        case 'granted-otherwise':
          throw errors.notGranted('keyspace', name, wanted, other);
        case 'not-writable':
          throw errors.notGranted('keyspace', name, 'write', 'read');
        default:
          throw error;
      }
    }
  }
  const read = (call, name, ...all) => told(() => call(name, ...all), 'read', name);
  const write = (call, name, ...all) => told(() => call(name, ...all), 'write', name);
  const plain = (call, ...all) => told(() => call(...all));
  return {
    reads,
    writes,
    get: (keyspace, key) => read(resources.get, keyspace, key),
    getMany: (keyspace, keys) => read(resources.getMany, keyspace, keys),
    setMany: (keyspace, values) => write(resources.setMany, keyspace, values),
    deleteMany: (keyspace, keys) => write(resources.deleteMany, keyspace, keys),
    hasKey: (keyspace, key) => read(resources.hasKey, keyspace, key),
    keys: (keyspace, cursor) => read(resources.keys, keyspace, cursor),
    increment: (keyspace, key, by) => BigInt(write(resources.increment, keyspace, key, String(by))),
    swap: (keyspace, key, old, value) => read(resources.swap, keyspace, key, old, value),
    read(bucket, key, start, last) {
      const number = plain(resources.openReading, bucket, key, start, last);
      return { read: (most) => plain(resources.readPiece, number, most), close: () => resources.close(number) };
    },
    write(bucket, key) {
      const number = plain(resources.openWriting, bucket, key);
      return {
        write: (data) => plain(resources.writePiece, number, data),
        finish: () => plain(resources.finish, number),
        abandon: () => resources.close(number),
      };
    },
    list(bucket) {
      const number = plain(resources.openListing, bucket);
      let over = false;
      return {
        next() {
          if (over) return null;
          const page = plain(resources.readNames, number);
          over = page.over;
          return page.names;
        },
        close: () => resources.close(number),
      };
    },
    info: (bucket, key) => plain(resources.info, bucket, key),
    hasObject: (bucket, key) => plain(resources.hasObject, bucket, key),
    deleteObjects: (bucket, keys) => plain(resources.deleteObjects, bucket, keys),
    copy: (source, target) => plain(resources.copy, ...source, ...target),
    move: (source, target) => plain(resources.move, ...source, ...target),
    send: (queue, body, contentType, metadata) => plain(resources.send, queue, body, contentType, metadata),
  };
};
