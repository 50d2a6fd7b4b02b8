'use strict';
// What is done with bytes.

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
