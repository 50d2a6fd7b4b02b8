'use strict';

const EventEmitter = require('internal/events');

// What the package has not yet of Node's module.
EventEmitter.errorMonitor ??= Symbol('events.errorMonitor');
EventEmitter.captureRejectionSymbol ??= Symbol.for('nodejs.rejection');
EventEmitter.captureRejections ??= false;
EventEmitter.usingDomains = false;

const emit = EventEmitter.prototype.emit;
EventEmitter.prototype.emit = function (type, ...values) {
  if (type === 'error' && this.listenerCount(EventEmitter.errorMonitor) > 0) emit.call(this, EventEmitter.errorMonitor, ...values);
  return emit.call(this, type, ...values);
};

EventEmitter.getEventListeners = (emitter, type) => emitter.listeners?.(type) ?? [];
EventEmitter.getMaxListeners = (emitter) => emitter.getMaxListeners?.() ?? EventEmitter.defaultMaxListeners;
EventEmitter.setMaxListeners = (count = EventEmitter.defaultMaxListeners, ...emitters) => {
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
  for (const emitter of emitters) emitter.setMaxListeners?.(count);
};
EventEmitter.addAbortListener = (signal, listener) => {
  if (signal.aborted) queueMicrotask(() => listener());
  else signal.addEventListener('abort', listener, { once: true });
  const remove = () => signal.removeEventListener('abort', listener);
  return { [Symbol.dispose]: remove };
};

function aborted(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

EventEmitter.once = (emitter, type, options) => {
  const signal = options?.signal;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(signal));
      return;
    }
    if (typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function') {
      emitter.addEventListener(type, (...values) => resolve(values), { once: true });
      return;
    }
    const remove = () => {
      emitter.removeListener(type, succeed);
      emitter.removeListener('error', fail);
    };
    const succeed = (...values) => {
      remove();
      resolve(values);
    };
    const fail = (error) => {
      remove();
      reject(error);
    };
    emitter.once(type, succeed);
    if (type !== 'error') emitter.once('error', fail);
    signal?.addEventListener('abort', () => fail(aborted(signal)), { once: true });
  });
};

EventEmitter.on = (emitter, type, options) => {
  const values = [];
  const waiting = [];
  let failure;
  let isDone = false;
  const take = (...all) => (waiting.length > 0 ? waiting.shift().resolve({ value: all, done: false }) : values.push(all));
  const fail = (error) => {
    if (waiting.length > 0) waiting.shift().reject(error);
    else failure = error;
    finish();
  };
  const finish = () => {
    isDone = true;
    emitter.removeListener(type, take);
    emitter.removeListener('error', fail);
    for (const one of waiting.splice(0)) one.resolve({ value: undefined, done: true });
  };
  emitter.on(type, take);
  if (type !== 'error') emitter.on('error', fail);
  for (const name of options?.close ?? []) emitter.on(name, finish);
  options?.signal?.addEventListener('abort', () => fail(aborted(options.signal)), { once: true });
  return {
    next() {
      if (values.length > 0) return Promise.resolve({ value: values.shift(), done: false });
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (isDone) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return() {
      finish();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error) {
      fail(error);
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};

class EventEmitterAsyncResource extends EventEmitter {
  constructor(options) {
    super(options);
    const { AsyncResource } = require('node/async_hooks');
    this.asyncResource = new AsyncResource(options?.name ?? new.target.name);
  }
  emit(...all) {
    return this.asyncResource.runInAsyncScope(super.emit, this, ...all);
  }
}
EventEmitter.EventEmitterAsyncResource = EventEmitterAsyncResource;
EventEmitter.EventEmitter = EventEmitter;

module.exports = EventEmitter;
