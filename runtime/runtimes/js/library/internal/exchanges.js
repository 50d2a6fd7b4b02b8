'use strict';
// Requests over the host: who gets what happened to each.

const { within, uncaught } = require('internal/loop');

const open = new Map();

// Begins a request; `on` has a function for each kind of event.
exports.begin = (method, scheme, authority, target, fields, timeout, on) => {
  const id = native.http.request(method, scheme, authority, target, fields, timeout);
  open.set(id, { on, context: native.getAsyncContext() });
  return {
    write: (bytes) => native.http.write(id, bytes),
    end: () => native.http.end(id),
    read: () => native.http.read(id),
    close() {
      open.delete(id);
      native.http.close(id);
    },
  };
};

exports.dispatch = (id, kind, ...values) => {
  const exchange = open.get(id);
  if (exchange === undefined) return;
  if (kind === 'end' || kind === 'error') {
    open.delete(id);
    native.http.close(id);
  }
  try {
    within(exchange.context, exchange.on[kind], exchange.on, values);
  } catch (error) {
    uncaught(error);
  }
};
