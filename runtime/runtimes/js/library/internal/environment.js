'use strict';
// The environment variables, as `process.env` has them.

const values = {};

// Takes those that this instance is given: it may have started from the memory of another.
function renew() {
  for (const name of Object.keys(values)) delete values[name];
  const all = native.environment();
  for (let index = 0; index < all.length; index += 2) values[all[index]] = all[index + 1];
}
renew();
exports.renew = renew;

// Values are text, as those of a system are.
exports.variables = new Proxy(values, {
  set(target, name, value) {
    if (typeof name === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
    target[name] = String(value);
    return true;
  },
  defineProperty(target, name, descriptor) {
    if ('value' in descriptor) descriptor = { ...descriptor, value: String(descriptor.value) };
    return Reflect.defineProperty(target, name, descriptor);
  },
});
