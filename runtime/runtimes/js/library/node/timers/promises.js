'use strict';
const loop = require('internal/loop');

function aborted(signal) {
  return Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });
}

function wait(begin, clear, value, options) {
  const signal = options?.signal;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(signal));
      return;
    }
    const timer = begin(() => {
      signal?.removeEventListener('abort', stop);
      resolve(value);
    });
    if (options?.ref === false) timer.unref();
    const stop = () => {
      clear(timer);
      reject(aborted(signal));
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}

exports.setTimeout = (delay, value, options) => wait((run) => loop.setTimeout(run, delay), loop.clearTimeout, value, options);
exports.setImmediate = (value, options) => wait((run) => loop.setImmediate(run), loop.clearImmediate, value, options);
exports.setInterval = async function* (delay, value, options) {
  for (;;) yield await exports.setTimeout(delay, value, options);
};
exports.scheduler = { wait: (delay, options) => exports.setTimeout(delay, undefined, options), yield: () => exports.setImmediate() };
