'use strict';

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const getTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const typed = (value) => (ArrayBuffer.isView(value) ? getTag.call(value) : undefined);
const is = (type) => (value) => typeof value === 'object' && value instanceof globalThis[type];

// Whether a method that looks inside takes the value, which no name or prototype makes up.
const takes = (method, ...all) => (value) => {
  try {
    Reflect.apply(method, value, all);
    return true;
  } catch {
    return false;
  }
};

const size = (type) => Object.getOwnPropertyDescriptor(type.prototype, 'size').get;

module.exports = {
  isAnyArrayBuffer: (value) => value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer),
  isArgumentsObject: (value) => tag(value) === 'Arguments',
  isArrayBuffer: is('ArrayBuffer'),
  isArrayBufferView: ArrayBuffer.isView,
  isAsyncFunction: (value) => typeof value === 'function' && /^Async/.test(tag(value)),
  isBigInt64Array: (value) => typed(value) === 'BigInt64Array',
  isBigUint64Array: (value) => typed(value) === 'BigUint64Array',
  isBigIntObject: (value) => typeof value === 'object' && takes(BigInt.prototype.valueOf)(value),
  isBooleanObject: (value) => typeof value === 'object' && takes(Boolean.prototype.valueOf)(value),
  isBoxedPrimitive: (value) => ['isBigIntObject', 'isBooleanObject', 'isNumberObject', 'isStringObject', 'isSymbolObject'].some((name) => module.exports[name](value)),
  isCryptoKey: (value) => tag(value) === 'CryptoKey',
  isDataView: (value) => value instanceof DataView,
  isDate: (value) => typeof value === 'object' && value !== null && takes(Date.prototype.getTime)(value),
  isExternal: () => false,
  isFloat32Array: (value) => typed(value) === 'Float32Array',
  isFloat64Array: (value) => typed(value) === 'Float64Array',
  isGeneratorFunction: (value) => typeof value === 'function' && /GeneratorFunction$/.test(tag(value)),
  isGeneratorObject: (value) => tag(value) === 'Generator',
  isInt8Array: (value) => typed(value) === 'Int8Array',
  isInt16Array: (value) => typed(value) === 'Int16Array',
  isInt32Array: (value) => typed(value) === 'Int32Array',
  isKeyObject: (value) => value?.constructor?.name === 'KeyObject',
  isMap: (value) => takes(size(Map))(value),
  isMapIterator: (value) => tag(value) === 'Map Iterator',
  isModuleNamespaceObject: (value) => tag(value) === 'Module',
  isNativeError: (value) => value instanceof Error,
  isNumberObject: (value) => typeof value === 'object' && takes(Number.prototype.valueOf)(value),
  isPromise: (value) => value instanceof Promise,
  isProxy: () => false,
  isRegExp: (value) => value instanceof RegExp,
  isSet: (value) => takes(size(Set))(value),
  isSetIterator: (value) => tag(value) === 'Set Iterator',
  isSharedArrayBuffer: (value) => typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer,
  isStringObject: (value) => typeof value === 'object' && takes(String.prototype.valueOf)(value),
  isSymbolObject: (value) => typeof value === 'object' && takes(Symbol.prototype.valueOf)(value),
  isTypedArray: (value) => typed(value) !== undefined,
  isUint8Array: (value) => typed(value) === 'Uint8Array',
  isUint8ClampedArray: (value) => typed(value) === 'Uint8ClampedArray',
  isUint16Array: (value) => typed(value) === 'Uint16Array',
  isUint32Array: (value) => typed(value) === 'Uint32Array',
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
};
