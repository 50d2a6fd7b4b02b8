'use strict';

async function buffer(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece));
  return Buffer.concat(pieces);
}

exports.buffer = buffer;
exports.arrayBuffer = async (stream) => {
  const all = await buffer(stream);
  return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
};
exports.text = async (stream) => (await buffer(stream)).toString();
exports.json = async (stream) => JSON.parse(await exports.text(stream));
exports.blob = async (stream) => new Blob([await buffer(stream)]);
