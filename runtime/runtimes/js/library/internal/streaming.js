'use strict';
// `awslambda.streamifyResponse`: what the handler writes is one answer once it has ended.

const HANDLER = Symbol.for('aws.lambda.runtime.handler.streaming');

function collect() {
  const { Writable } = require('node/stream');
  const pieces = [];
  const stream = new Writable({
    write(piece, encoding, done) {
      pieces.push(typeof piece === 'string' ? Buffer.from(piece, encoding) : Buffer.from(piece));
      done();
    },
  });
  stream.setContentType = (type) => {
    stream.contentType = type;
  };
  stream.ended = new Promise((resolve, reject) => {
    stream.on('finish', resolve);
    stream.on('error', reject);
  });
  // Whoever waits for the end is told; nobody may.
  stream.ended.catch(() => {});
  stream.pieces = pieces;
  return stream;
}

exports.install = () => {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[HANDLER] = 'response';
      if (options?.highWaterMark !== undefined) handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = options.highWaterMark;
      return handler;
    },
    HttpResponseStream: {
      from(stream, metadata) {
        stream.metadata = metadata;
        return stream;
      },
    },
  };
};

exports.isStreaming = (handler) => handler[HANDLER] === 'response';

exports.run = async (handler, event, context) => {
  const stream = collect();
  await handler(event, stream, context);
  // The answer ends with the stream, which may be after the handler.
  await stream.ended;
  const data = Buffer.concat(stream.pieces);
  const isRequest = event?.requestContext?.http !== undefined;
  if (stream.metadata === undefined && !isRequest) {
    return { data, contentType: stream.contentType ?? 'application/octet-stream' };
  }
  const metadata = stream.metadata ?? { statusCode: 200, headers: { 'content-type': stream.contentType ?? 'application/octet-stream' } };
  const answer = { statusCode: 200, ...metadata, body: data.toString('base64'), isBase64Encoded: true };
  return { data: JSON.stringify(answer), contentType: 'application/json' };
};
