'use strict';
// Whether two values are equal in depth.

const types = require('node/util/types');

function isEqual(a, b, strict, seen = []) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    // eslint-disable-next-line eqeqeq
    return strict ? false : a == b || (Number.isNaN(a) && Number.isNaN(b));
  }
  if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  if (seen.some(([x, y]) => x === a && y === b)) return true;
  return sameInside(a, b, strict, [...seen, [a, b]]);
}

function sameInside(a, b, strict, seen) {
  if (Array.isArray(a) !== Array.isArray(b) || (Array.isArray(a) && a.length !== b.length)) return false;
  if (types.isDate(a) && a.getTime() !== b.getTime()) return false;
  if (types.isRegExp(a) && (String(a) !== String(b) || a.lastIndex !== b.lastIndex)) return false;
  if (types.isBoxedPrimitive(a) && !Object.is(a.valueOf(), b.valueOf())) return false;
  if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
  if (ArrayBuffer.isView(a)) return sameBytes(a, b);
  if (a instanceof ArrayBuffer) return sameBytes(new Uint8Array(a), new Uint8Array(b));
  if (types.isSet(a)) return sameSet(a, b, strict, seen);
  if (types.isMap(a)) return sameMap(a, b, strict, seen);
  const names = keysOf(a, strict);
  return names.length === keysOf(b, strict).length && names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name], strict, seen));
}

function keysOf(object, strict) {
  const symbols = strict ? Object.getOwnPropertySymbols(object).filter((symbol) => Object.prototype.propertyIsEnumerable.call(object, symbol)) : [];
  return [...Object.keys(object), ...symbols];
}

function sameBytes(a, b) {
  if (a.byteLength !== b.byteLength) return false;
  const [x, y] = [a, b].map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return x.every((byte, index) => byte === y[index]);
}

function sameSet(a, b, strict, seen) {
  if (a.size !== b.size) return false;
  const rest = new Set(b);
  return [...a].every((value) => {
    const found = rest.has(value) ? value : [...rest].find((other) => isEqual(value, other, strict, seen));
    return rest.delete(found);
  });
}

function sameMap(a, b, strict, seen) {
  if (a.size !== b.size) return false;
  return [...a].every(([key, value]) => {
    if (b.has(key)) return isEqual(value, b.get(key), strict, seen);
    return [...b].some(([other, own]) => isEqual(key, other, strict, seen) && isEqual(value, own, strict, seen));
  });
}

exports.isEqual = isEqual;
