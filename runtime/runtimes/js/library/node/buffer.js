'use strict';
const { Buffer } = globalThis;

module.exports = {
  Buffer,
  SlowBuffer: Buffer.allocUnsafeSlow,
  Blob: globalThis.Blob,
  File: globalThis.File,
  atob: globalThis.atob,
  btoa: globalThis.btoa,
  constants: { MAX_LENGTH: 0x7fffffff, MAX_STRING_LENGTH: 0x3fffffff },
  kMaxLength: 0x7fffffff,
  kStringMaxLength: 0x3fffffff,
  INSPECT_MAX_BYTES: 50,
  isAscii: (bytes) => new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength).every((byte) => byte < 128),
  isUtf8(bytes) {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  },
  transcode: (bytes, from, to) => Buffer.from(Buffer.from(bytes).toString(from), to),
};
