'use strict';
// Bytes, and what is given in their place.

exports.toBytes = (value) => {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`give a string or bytes, not ${value === null ? 'null' : typeof value}; JSON.stringify() makes text of other values`);
};

exports.toText = (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

exports.joined = (pieces) => {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};

exports.isSame = (one, other) =>
  one === null || other === null ? one === other : one.length === other.length && one.every((byte, index) => byte === other[index]);
