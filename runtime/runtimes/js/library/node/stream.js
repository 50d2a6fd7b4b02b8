'use strict';
const stream = require('readable-stream/lib/ours/browser');
module.exports = stream;
const { Readable, Writable, Duplex } = stream;

// What the package leaves to Node.
Readable.fromWeb = (web, options) => {
  const reader = web.getReader();
  return new Readable({
    ...options,
    read() {
      reader.read().then(
        ({ value, done }) => this.push(done ? null : typeof value === 'string' || options?.objectMode ? value : Buffer.from(value)),
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      reader.cancel(error ?? undefined).then(() => done(error), () => done(error));
    },
  });
};
Readable.toWeb = (readable) => {
  const iterator = readable[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(typeof value === 'string' ? value : new Uint8Array(value));
    },
    async cancel(reason) {
      readable.destroy(reason);
    },
  });
};
Writable.fromWeb = (web, options) => {
  const writer = web.getWriter();
  return new Writable({
    ...options,
    write(chunk, _, done) {
      writer.write(chunk).then(() => done(), done);
    },
    final(done) {
      writer.close().then(() => done(), done);
    },
  });
};
Writable.toWeb = (writable) =>
  new WritableStream({
    write: (chunk) => new Promise((resolve, reject) => writable.write(chunk, (error) => (error ? reject(error) : resolve()))),
    close: () => new Promise((resolve) => writable.end(resolve)),
    abort: (reason) => void writable.destroy(reason),
  });
Duplex.fromWeb = ({ readable, writable }, options) => Duplex.from({ readable: Readable.fromWeb(readable, options), writable: Writable.fromWeb(writable, options) });
Duplex.toWeb = (duplex) => ({ readable: Readable.toWeb(duplex), writable: Writable.toWeb(duplex) });
