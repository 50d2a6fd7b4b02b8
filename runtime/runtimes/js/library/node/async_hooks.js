'use strict';

const { within } = require('internal/loop');

// What an operation was begun in is a map from storages to their values, and never changed.
const current = () => {
  const context = native.getAsyncContext();
  return context instanceof Map ? context : undefined;
};

class AsyncLocalStorage {
  #default;
  constructor(options) {
    this.#default = options?.defaultValue;
    this.name = options?.name ?? '';
  }
  static bind(callback) {
    return AsyncResource.bind(callback);
  }
  static snapshot() {
    const context = native.getAsyncContext();
    return (callback, ...args) => within(context, callback, undefined, args);
  }
  getStore() {
    const context = current();
    return context?.has(this) ? context.get(this) : this.#default;
  }
  run(store, callback, ...args) {
    return within(new Map(current()).set(this, store), callback, undefined, args);
  }
  exit(callback, ...args) {
    const context = new Map(current());
    context.delete(this);
    return within(context, callback, undefined, args);
  }
  enterWith(store) {
    native.setAsyncContext(new Map(current()).set(this, store));
  }
  disable() {
    const context = new Map(current());
    context.delete(this);
    native.setAsyncContext(context);
  }
}

let ids = 1;

class AsyncResource {
  #context = native.getAsyncContext();
  #id = ++ids;
  constructor(type) {
    this.type = type;
  }
  static bind(callback, type, self) {
    return new AsyncResource(type ?? callback.name ?? 'bound-anonymous-fn').bind(callback, self);
  }
  bind(callback, self) {
    const resource = this;
    return function (...args) {
      return resource.runInAsyncScope(callback, self ?? this, ...args);
    };
  }
  runInAsyncScope(callback, self, ...args) {
    return within(this.#context, callback, self, args);
  }
  asyncId() {
    return this.#id;
  }
  triggerAsyncId() {
    return 1;
  }
  emitDestroy() {
    return this;
  }
}

module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 1,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: Object.freeze({}),
  // Nothing tells of the beginning and the end of operations, so that hooks are never called. Libraries that keep
  // a context by them, as X-Ray's SDK does, keep the one that was entered last.
  createHook() {
    const hook = { enable: () => hook, disable: () => hook };
    return hook;
  },
};
