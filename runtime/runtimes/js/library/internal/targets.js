'use strict';
// Events and signals to abort, of LLRT.

const { llrt } = require('internal/globals');

const NAMES = ['Event', 'EventTarget', 'CustomEvent', 'AbortController', 'AbortSignal'];
for (const name of NAMES) delete globalThis[name];
llrt('exceptions');
llrt('abort');
// LLRT's timers are not those of this library.
globalThis.AbortSignal.timeout = (milliseconds) => {
  const controller = new globalThis.AbortController();
  const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  setTimeout(() => controller.abort(reason), milliseconds).unref();
  return controller.signal;
};
for (const name of NAMES) {
  exports[name] = globalThis[name];
  if (globalThis[name] !== undefined) Object.defineProperty(globalThis, name, { enumerable: false });
}
