'use strict';
// Keyspaces, buckets and queues of the node that runs the function; in a test, of the one that
// `lambent/testing` has in memory.

const { Keyspace } = require('./keyspace.js');
const { Bucket } = require('./bucket.js');
const { Queue } = require('./queue.js');
const { LambentError, NotGranted, NotFound, Conflict, TooLarge } = require('./errors.js');

exports.keyspace = (name) => new Keyspace(name);
exports.bucket = (name) => new Bucket(name);
exports.queue = (name) => new Queue(name);
exports.Keyspace = Keyspace;
exports.Bucket = Bucket;
exports.Queue = Queue;
exports.LambentError = LambentError;
exports.NotGranted = NotGranted;
exports.NotFound = NotFound;
exports.Conflict = Conflict;
exports.TooLarge = TooLarge;
