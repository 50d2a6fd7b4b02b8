'use strict';
// Timers, `nextTick` and rejected promises. What waits for the network is in `exchanges`.

const bound = () => native.getAsyncContext();

function within(context, callback, self, args) {
  const before = native.getAsyncContext();
  native.setAsyncContext(context);
  try {
    return Reflect.apply(callback, self, args);
  } finally {
    native.setAsyncContext(before);
  }
}
exports.within = within;

// Runs a callback of the program; what it throws is the program's last chance to catch.
function guarded(context, callback, self, args) {
  try {
    within(context, callback, self, args);
  } catch (error) {
    uncaught(error);
  }
}

let onUncaught; // (error, origin) => whether the program took care of it
exports.setUncaught = (handler) => {
  onUncaught = handler;
};

function uncaught(error) {
  onUncaught(error, 'uncaughtException');
}
exports.uncaught = uncaught;

function checkCallback(callback) {
  if (typeof callback !== 'function') {
    const error = new TypeError(`The "callback" argument must be of type function. Received ${callback === null ? 'null' : typeof callback}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
}

// Ticks

let queue = [];

exports.nextTick = (callback, ...args) => {
  checkCallback(callback);
  queue.push([bound(), callback, args]);
};

exports.ticks = () => {
  let count = 0;
  while (queue.length > 0) {
    const all = queue;
    queue = [];
    for (const [context, callback, args] of all) guarded(context, callback, undefined, args);
    count += all.length;
  }
  return count;
};

exports.queueMicrotask = (callback) => {
  checkCallback(callback);
  Promise.resolve().then(() => guarded(bound(), callback, undefined, []));
};

// Timers, in a heap by time and then by the order they were set in

let sequence = 0;
let referenced = 0;
const heap = [];
const byId = new Map();

const before = (a, b) => a.time < b.time || (a.time === b.time && a.order < b.order);

function place(timer, index) {
  heap[index] = timer;
  timer.index = index;
}

function up(index) {
  const timer = heap[index];
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!before(timer, heap[parent])) break;
    place(heap[parent], index);
    index = parent;
  }
  place(timer, index);
}

function down(index) {
  const timer = heap[index];
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
    if (!before(heap[child], timer)) break;
    place(heap[child], index);
    index = child;
  }
  place(timer, index);
}

function add(timer) {
  timer.order = ++sequence;
  timer.time = native.now() + timer.delay;
  place(timer, heap.length);
  up(timer.index);
  if (timer.isReferenced) referenced += 1;
  byId.set(timer.id, timer);
}

function remove(timer) {
  if (timer.index < 0) return;
  const last = heap.pop();
  if (last !== timer) {
    place(last, timer.index);
    up(last.index);
    down(last.index);
  }
  timer.index = -1;
  if (timer.isReferenced) referenced -= 1;
  byId.delete(timer.id);
}

class Timeout {
  constructor(callback, delay, args, repeats) {
    checkCallback(callback);
    delay = Number(delay);
    hidden(this, 'delay', delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1);
    hidden(this, 'callback', callback);
    hidden(this, 'args', args);
    hidden(this, 'repeats', repeats);
    hidden(this, 'context', bound());
    hidden(this, 'isReferenced', true);
    hidden(this, 'index', -1);
    hidden(this, 'id', ++sequence);
    hidden(this, 'order', 0);
    hidden(this, 'time', 0);
    add(this);
  }
  ref() {
    if (!this.isReferenced && this.index >= 0) referenced += 1;
    this.isReferenced = true;
    return this;
  }
  unref() {
    if (this.isReferenced && this.index >= 0) referenced -= 1;
    this.isReferenced = false;
    return this;
  }
  hasRef() {
    return this.isReferenced;
  }
  refresh() {
    if (this.index >= 0) {
      remove(this);
      add(this);
    }
    return this;
  }
  close() {
    remove(this);
    return this;
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
  [Symbol.dispose]() {
    remove(this);
  }
}

function hidden(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
}

exports.Timeout = Timeout;
exports.setTimeout = (callback, delay, ...args) => new Timeout(callback, delay, args, false);
exports.setInterval = (callback, delay, ...args) => new Timeout(callback, delay, args, true);
exports.clearTimeout = (timer) => {
  const found = timer instanceof Timeout ? timer : byId.get(Number(timer));
  if (found !== undefined) {
    remove(found);
    found.isCleared = true;
  }
};

// Immediates

let immediates = [];

class Immediate {
  constructor(callback, args) {
    checkCallback(callback);
    hidden(this, 'run', [bound(), callback, args]);
    hidden(this, 'isReferenced', true);
    immediates.push(this);
  }
  ref() {
    this.isReferenced = true;
    return this;
  }
  unref() {
    this.isReferenced = false;
    return this;
  }
  hasRef() {
    return this.isReferenced;
  }
}

exports.Immediate = Immediate;
exports.setImmediate = (callback, ...args) => new Immediate(callback, args);
exports.clearImmediate = (immediate) => {
  if (immediate instanceof Immediate) immediate.run = undefined;
};

// What the host asks

// Milliseconds until something is due; -1 if nothing is; -2 - milliseconds if nothing keeps the
// program waiting for it.
exports.due = () => {
  if (batch.length > 0 || immediates.some((immediate) => immediate.run && immediate.isReferenced)) return 0;
  if (heap.length === 0) return -1;
  const wait = Math.max(0, heap[0].time - native.now());
  return referenced > 0 ? wait : -2 - wait;
};

let batch = [];

// Runs one callback that is due; returns how many are left. What they begin is for later.
exports.expire = () => {
  if (batch.length === 0) collect();
  const next = batch.shift();
  if (next instanceof Timeout) fire(next);
  else if (next?.run) guarded(next.run[0], next.run[1], undefined, next.run[2]);
  return batch.length;
};

function collect() {
  const now = native.now();
  while (heap.length > 0 && heap[0].time <= now) {
    const timer = heap[0];
    remove(timer);
    timer.isCleared = false;
    batch.push(timer);
  }
  batch.push(...immediates);
  immediates = [];
}

function fire(timer) {
  if (timer.isCleared) return;
  guarded(timer.context, timer.callback, timer, timer.args);
  if (timer.repeats && !timer.isCleared && timer.index < 0) add(timer);
}

// Rejected promises that nobody handles

const unhandled = new Map();

exports.rejected = (promise, reason, handled) => {
  if (handled) unhandled.delete(promise);
  else unhandled.set(promise, reason);
};

exports.unhandled = () => {
  const count = unhandled.size;
  for (const [promise, reason] of unhandled) {
    unhandled.delete(promise);
    onUncaught(reason, 'unhandledRejection', promise);
  }
  return count;
};
