'use strict';
// Streams of the web that change what goes through them.

class TransformStream {
  constructor(transformer = {}, writableStrategy, readableStrategy) {
    let source;
    let wake;
    const room = () => new Promise((resolve) => (wake = resolve));
    const controller = {
      enqueue: (value) => source.enqueue(value),
      error: (reason) => source.error(reason),
      terminate: () => source.close(),
      get desiredSize() {
        return source.desiredSize;
      },
    };
    this.readable = new ReadableStream(
      {
        start(own) {
          source = own;
        },
        pull() {
          wake?.();
        },
        cancel: (reason) => transformer.cancel?.(reason),
      },
      readableStrategy ?? { highWaterMark: 1 },
    );
    const started = Promise.resolve(transformer.start?.(controller));
    this.writable = new WritableStream(
      {
        async write(chunk) {
          await started;
          while (source.desiredSize <= 0) await room();
          try {
            if (transformer.transform) await transformer.transform(chunk, controller);
            else controller.enqueue(chunk);
          } catch (error) {
            source.error(error);
            throw error;
          }
        },
        async close() {
          await started;
          await transformer.flush?.(controller);
          try {
            source.close();
          } catch {
            // The transformer ended it.
          }
        },
        abort: (reason) => source.error(reason),
      },
      writableStrategy,
    );
  }
}

class TextDecoderStream extends TransformStream {
  constructor(encoding, options) {
    const decoder = new TextDecoder(encoding, options);
    super({
      transform: (chunk, controller) => {
        const text = decoder.decode(chunk, { stream: true });
        if (text) controller.enqueue(text);
      },
      flush: (controller) => {
        const text = decoder.decode();
        if (text) controller.enqueue(text);
      },
    });
  }
}

class TextEncoderStream extends TransformStream {
  constructor() {
    const encoder = new TextEncoder();
    super({ transform: (chunk, controller) => controller.enqueue(encoder.encode(String(chunk))) });
  }
}

// The whole is compressed at the end.
class Whole extends TransformStream {
  constructor(change) {
    const pieces = [];
    super({
      transform: (chunk) => void pieces.push(Buffer.from(chunk)),
      flush: (controller) => controller.enqueue(new Uint8Array(change(Buffer.concat(pieces)))),
    });
  }
}

const functionOf = (table, format) => {
  const name = table[format];
  if (name === undefined) throw new TypeError(`Unsupported compression format: '${format}'`);
  return require('node/zlib')[name];
};

class CompressionStream extends Whole {
  constructor(format) {
    super(functionOf({ gzip: 'gzipSync', deflate: 'deflateSync', 'deflate-raw': 'deflateRawSync' }, format));
  }
}

class DecompressionStream extends Whole {
  constructor(format) {
    super(functionOf({ gzip: 'gunzipSync', deflate: 'inflateSync', 'deflate-raw': 'inflateRawSync' }, format));
  }
}

Object.assign(exports, { TransformStream, TextDecoderStream, TextEncoderStream, CompressionStream, DecompressionStream });
