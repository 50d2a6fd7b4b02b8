'use strict';

const llrt = require('internal/globals').llrt('zlib');

const constants = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2,
  Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6, Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4,
  Z_DEFAULT_STRATEGY: 0, Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_CHUNK: 64, Z_DEFAULT_CHUNK: 16384,
  Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1,
  BROTLI_OPERATION_PROCESS: 0, BROTLI_OPERATION_FLUSH: 1, BROTLI_OPERATION_FINISH: 2, BROTLI_PARAM_MODE: 0, BROTLI_MODE_GENERIC: 0,
  BROTLI_MODE_TEXT: 1, BROTLI_PARAM_QUALITY: 1, BROTLI_MIN_QUALITY: 0, BROTLI_MAX_QUALITY: 11, BROTLI_DEFAULT_QUALITY: 11,
  BROTLI_PARAM_LGWIN: 2, BROTLI_PARAM_SIZE_HINT: 5,
};

// Names of the functions, of those of LLRT, and of the streams.
const KINDS = [
  ['deflate', 'Deflate'], ['inflate', 'Inflate'], ['gzip', 'Gzip'], ['gunzip', 'Gunzip'], ['deflateRaw', 'DeflateRaw'], ['inflateRaw', 'InflateRaw'],
  ['brotliCompress', 'BrotliCompress'], ['brotliDecompress', 'BrotliDecompress'], ['zstdCompress', 'ZstdCompress'], ['zstdDecompress', 'ZstdDecompress'],
];

function bytesOf(data) {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function once(name, data, options) {
  const level = options?.level;
  try {
    const given = level === undefined || level < 0 ? undefined : { level };
    return Buffer.from(llrt[`${name}Sync`](bytesOf(data), given));
  } catch {
    throw explained(name, bytesOf(data));
  }
}

// What is wrong with data that cannot be expanded.
function explained(name, bytes) {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const isZlib = (bytes[0] & 15) === 8 && ((bytes[0] << 8) | bytes[1]) % 31 === 0;
  const hasHeader = name === 'gunzip' ? isGzip : name === 'inflate' ? isZlib : true;
  const code = hasHeader ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR';
  return Object.assign(new Error(hasHeader ? 'unexpected end of file' : 'incorrect header check'), { code, errno: constants[code] });
}

// Compresses and expands at the end what was written.
function streamOf(name) {
  return function (options) {
    const { Transform } = require('node/stream');
    const pieces = [];
    const stream = new Transform({
      transform(piece, encoding, done) {
        pieces.push(typeof piece === 'string' ? Buffer.from(piece, encoding) : piece);
        stream.bytesWritten += piece.length;
        done();
      },
      flush(done) {
        try {
          done(null, once(name, Buffer.concat(pieces), options));
        } catch (error) {
          done(error);
        }
      },
    });
    return Object.assign(stream, {
      bytesWritten: 0,
      flush: (kind, done = kind) => void (typeof done === 'function' && setImmediate(done)),
      close: (done) => stream.destroy(null, done),
      reset() {},
      params: (level, strategy, done) => setImmediate(done),
    });
  };
}

function add(name, title, run) {
  exports[`${name}Sync`] = run;
  exports[name] = (data, options, callback = options) => {
    let values;
    try {
      values = [null, run(data, callback === options ? undefined : options)];
    } catch (error) {
      values = [error];
    }
    setImmediate(callback, ...values);
  };
  exports[`create${title}`] = streamOf(name);
  exports[title] = exports[`create${title}`];
}

for (const [name, title] of KINDS) add(name, title, (data, options) => once(name, data, options));

// Finds out which it is.
function unzip(data, options) {
  const bytes = bytesOf(data);
  return once(bytes[0] === 0x1f && bytes[1] === 0x8b ? 'gunzip' : 'inflate', bytes, options);
}
add('unzip', 'Unzip', unzip);
exports.createUnzip = (options) => {
  const { Transform } = require('node/stream');
  const pieces = [];
  return new Transform({
    transform(piece, _, done) {
      pieces.push(piece);
      done();
    },
    flush(done) {
      try {
        done(null, unzip(Buffer.concat(pieces), options));
      } catch (error) {
        done(error);
      }
    },
  });
};
exports.Unzip = exports.createUnzip;

let table;
exports.crc32 = (data, value = 0) => {
  table ??= Uint32Array.from({ length: 256 }, (_, index) => {
    for (let bit = 0; bit < 8; bit += 1) index = index & 1 ? (index >>> 1) ^ 0xedb88320 : index >>> 1;
    return index;
  });
  let crc = ~value;
  for (const byte of bytesOf(data)) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return ~crc >>> 0;
};
exports.constants = constants;
exports.codes = Object.fromEntries(Object.entries(constants).filter(([name]) => /^Z_(OK|STREAM_END|NEED_DICT|.*ERROR|ERRNO)$/.test(name)).flatMap(([name, value]) => [[name, value], [value, name]]));
Object.assign(exports, constants);
