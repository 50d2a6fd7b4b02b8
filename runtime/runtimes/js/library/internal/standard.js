'use strict';
// Standard streams.

exports.stream = (descriptor) => {
  const { Readable, Writable } = require('node/stream');
  if (descriptor === 0) {
    const stream = new Readable({
      read() {
        this.push(null);
      },
    });
    return Object.assign(stream, { fd: 0, isTTY: false });
  }
  const stream = new Writable({
    decodeStrings: false,
    write(piece, encoding, done) {
      native.write(descriptor, typeof piece === 'string' && encoding !== 'utf8' && encoding !== 'utf-8' ? Buffer.from(piece, encoding) : piece);
      done();
    },
  });
  // It is there as long as the program is.
  stream.destroy = () => stream;
  stream._destroy = (error, done) => done(error);
  return Object.assign(stream, { fd: descriptor, isTTY: false, columns: 80, rows: 24, getColorDepth: () => 1, hasColors: () => false });
};
