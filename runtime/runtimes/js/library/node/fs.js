'use strict';
// Files: `/var/task` and `/opt` can be read, `/tmp` can be written.

const { files } = native;

const constants = {
  F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024,
  COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, S_IFMT: 0o170000, S_IFREG: 0o100000, S_IFDIR: 0o040000, S_IFLNK: 0o120000,
};

function pathOf(path) {
  if (typeof path === 'string') {
    if (path.includes('\0')) throw Object.assign(new TypeError('The argument \'path\' must be a string without null bytes'), { code: 'ERR_INVALID_ARG_VALUE' });
    return path.startsWith('/') ? path : require('node/path').resolve(path);
  }
  if (path instanceof URL) return require('node/url').fileURLToPath(path);
  if (path instanceof Uint8Array) return pathOf(Buffer.from(path).toString());
  const error = new TypeError(`The "path" argument must be of type string or an instance of Buffer or URL. Received ${path === null ? 'null' : typeof path}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

function optionsOf(options) {
  return typeof options === 'string' ? { encoding: options } : (options ?? {});
}

function failed(code, number, text, call, path) {
  return Object.assign(new Error(`${code}: ${text}, ${call} '${path}'`), { errno: number, code, syscall: call, path });
}

const decoded = (bytes, encoding) => (encoding && encoding !== 'buffer' ? Buffer.from(bytes.buffer).toString(encoding) : Buffer.from(bytes.buffer));

const bytesOf = (data, encoding) => {
  if (typeof data === 'string') return Buffer.from(data, encoding);
  if (ArrayBuffer.isView(data)) return data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const error = new TypeError(`The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${typeof data}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
};

const FLAGS = { 0: 'r', 2: 'r+', 577: 'w', 578: 'w+', 705: 'wx', 1089: 'a', 1090: 'a+' };
function flagsOf(flags = 'r') {
  const text = typeof flags === 'number' ? FLAGS[flags] : flags;
  if (text !== undefined) return text;
  throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received ${flags}`), { code: 'ERR_INVALID_ARG_VALUE' });
}

class Stats {
  constructor(found) {
    const at = new Date(found.modified);
    const mode = found.directory ? constants.S_IFDIR | 0o755 : constants.S_IFREG | 0o644;
    Object.assign(this, { dev: 0, mode, nlink: 1, uid: 993, gid: 990, rdev: 0, blksize: 4096, ino: 0, size: found.size, blocks: Math.ceil(found.size / 512) });
    for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) {
      this[`${name}Ms`] = found.modified;
      this[name] = at;
    }
  }
  isFile() {
    return (this.mode & constants.S_IFMT) === constants.S_IFREG;
  }
  isDirectory() {
    return (this.mode & constants.S_IFMT) === constants.S_IFDIR;
  }
}

class Dirent {
  #directory;
  constructor(name, parent, directory) {
    this.name = name;
    this.parentPath = parent;
    this.path = parent;
    this.#directory = directory;
  }
  isFile() {
    return !this.#directory;
  }
  isDirectory() {
    return this.#directory;
  }
}

for (const kind of [Stats, Dirent]) {
  for (const name of ['isSymbolicLink', 'isBlockDevice', 'isCharacterDevice', 'isFIFO', 'isSocket']) kind.prototype[name] = () => false;
}

const sync = {
  readFile(path, options) {
    const { encoding } = optionsOf(options);
    if (typeof path === 'number') return decoded(readAll(path), encoding);
    return decoded(files.readFile(pathOf(path)), encoding);
  },
  writeFile(path, data, options) {
    const { encoding, flag = 'w' } = optionsOf(options);
    const bytes = bytesOf(data, encoding);
    if (typeof path === 'number') {
      files.write(path, bytes);
      return;
    }
    const descriptor = files.open(pathOf(path), flagsOf(flag));
    try {
      files.write(descriptor, bytes);
    } finally {
      files.close(descriptor);
    }
  },
  appendFile(path, data, options) {
    sync.writeFile(path, data, { flag: 'a', ...optionsOf(options) });
  },
  open: (path, flags) => files.open(pathOf(path), flagsOf(flags)),
  close: (descriptor) => files.close(descriptor),
  read(descriptor, buffer, offset, length, position) {
    if (typeof offset === 'object' && offset !== null) ({ offset, length, position } = offset);
    offset ??= 0;
    const part = files.read(descriptor, length ?? buffer.byteLength - offset, position === null || position === undefined ? -1 : Number(position));
    new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(part, offset);
    return part.length;
  },
  write(descriptor, data, offset, length, position) {
    if (typeof data === 'string') return put(descriptor, Buffer.from(data, length), offset);
    if (typeof offset === 'object' && offset !== null) ({ offset, length, position } = offset);
    const bytes = bytesOf(data);
    return put(descriptor, bytes.subarray(offset ?? 0, length === undefined || length === null ? undefined : (offset ?? 0) + length), position);
  },
  writev(descriptor, list, position) {
    return put(descriptor, Buffer.concat(list.map((one) => bytesOf(one))), position);
  },
  fstat: (descriptor) => new Stats(files.fstat(descriptor)),
  ftruncate: (descriptor, length = 0) => files.ftruncate(descriptor, length),
  fsync: (descriptor) => void files.fstat(descriptor),
  fdatasync: (descriptor) => void files.fstat(descriptor),
  truncate(path, length = 0) {
    const descriptor = files.open(pathOf(path), 'r+');
    try {
      files.ftruncate(descriptor, length);
    } finally {
      files.close(descriptor);
    }
  },
  stat(path, options) {
    try {
      return new Stats(files.stat(pathOf(path)));
    } catch (error) {
      if (options?.throwIfNoEntry === false && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  lstat: (path, options) => sync.stat(path, options),
  access(path, mode = 0) {
    const own = pathOf(path);
    if (!files.exists(own)) throw failed('ENOENT', -2, 'no such file or directory', 'access', own);
    if (mode & constants.W_OK && own !== '/tmp' && !own.startsWith('/tmp/')) throw failed('EROFS', -30, 'read-only file system', 'access', own);
  },
  readdir(path, options) {
    const { withFileTypes, recursive } = optionsOf(options);
    return list(pathOf(path), '', withFileTypes, recursive);
  },
  mkdir(path, options) {
    const own = pathOf(path);
    if (!optionsOf(options).recursive) return files.mkdir(own);
    let first;
    const parts = own.split('/').filter(Boolean);
    for (let count = 1; count <= parts.length; count += 1) {
      const at = `/${parts.slice(0, count).join('/')}`;
      if (!files.exists(at)) {
        files.mkdir(at);
        first ??= at;
      } else if (!files.stat(at).directory) throw failed('EEXIST', -17, 'file already exists', 'mkdir', at);
    }
    return first;
  },
  mkdtemp(prefix) {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const end = Array.from({ length: 6 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
    files.mkdir(pathOf(prefix + end));
    return prefix + end;
  },
  rmdir: (path, options) => (options?.recursive ? sync.rm(path, { recursive: true }) : files.rmdir(pathOf(path))),
  unlink: (path) => files.unlink(pathOf(path)),
  rm(path, options = {}) {
    const own = pathOf(path);
    if (!files.exists(own)) {
      if (options.force) return;
      throw failed('ENOENT', -2, 'no such file or directory', 'rm', own);
    }
    if (!files.stat(own).directory) {
      files.unlink(own);
      return;
    }
    if (!options.recursive) throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${own}`), { code: 'ERR_FS_EISDIR' });
    for (const name of files.readdir(own)) sync.rm(`${own}/${name.replace(/\/$/, '')}`, options);
    files.rmdir(own);
  },
  rename: (from, to) => files.rename(pathOf(from), pathOf(to)),
  copyFile(from, to, mode = 0) {
    sync.writeFile(to, files.readFile(pathOf(from)), { flag: mode & constants.COPYFILE_EXCL ? 'wx' : 'w' });
  },
  cp(from, to, options = {}) {
    const [source, target] = [pathOf(from), pathOf(to)];
    if (!files.stat(source).directory) {
      if (options.force !== false || !files.exists(target)) sync.copyFile(source, target);
      return;
    }
    if (!options.recursive) throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: cp '${source}'`), { code: 'ERR_FS_EISDIR' });
    sync.mkdir(target, { recursive: true });
    for (const name of files.readdir(source)) sync.cp(`${source}/${name.replace(/\/$/, '')}`, `${target}/${name.replace(/\/$/, '')}`, options);
  },
  realpath(path) {
    const own = pathOf(path);
    files.stat(own);
    return require('node/path').resolve(own);
  },
  // Files have no modes, owners and times that can be set: what is there is left as it is.
  chmod: (path) => void files.stat(pathOf(path)),
  chown: (path) => void files.stat(pathOf(path)),
  utimes: (path) => void files.stat(pathOf(path)),
  readlink(path) {
    files.stat(pathOf(path));
    throw failed('EINVAL', -22, 'invalid argument', 'readlink', path);
  },
  symlink: (_, path) => {
    throw failed('EPERM', -1, 'operation not permitted: there are no links', 'symlink', path);
  },
  link: (_, path) => {
    throw failed('EPERM', -1, 'operation not permitted: there are no links', 'link', path);
  },
  opendir: (path) => new Dir(pathOf(path)),
};

class Dir {
  #entries;
  constructor(path) {
    this.path = path;
    this.#entries = list(path, '', true, false);
  }
  async read() {
    return this.#entries.shift() ?? null;
  }
  readSync() {
    return this.#entries.shift() ?? null;
  }
  async close() {}
  closeSync() {}
  async *[Symbol.asyncIterator]() {
    yield* this.#entries.splice(0);
  }
}

function put(descriptor, bytes, position) {
  return files.write(descriptor, bytes, position === null || position === undefined ? -1 : position);
}

function readAll(descriptor) {
  const pieces = [];
  for (;;) {
    const piece = files.read(descriptor, 1 << 20, -1);
    if (piece.length === 0) return new Uint8Array(Buffer.concat(pieces));
    pieces.push(piece);
  }
}

function list(path, prefix, withTypes, recursive) {
  return files.readdir(path).flatMap((entry) => {
    const directory = entry.endsWith('/');
    const name = directory ? entry.slice(0, -1) : entry;
    const own = withTypes ? new Dirent(name, path, directory) : prefix + name;
    return directory && recursive ? [own, ...list(`${path}/${name}`, `${prefix}${name}/`, withTypes, true)] : [own];
  });
}

const fs = { constants, ...constants, Stats, Dirent, Dir };
const promises = { constants };

function withCallback(name, run) {
  return (...all) => {
    const callback = all.pop();
    if (typeof callback !== 'function') {
      throw Object.assign(new TypeError(`The "cb" argument must be of type function. Received ${callback === undefined ? 'undefined' : typeof callback}`), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    let values;
    try {
      const value = run(...all);
      // These give back the buffer too.
      values = ['read', 'write', 'writev'].includes(name) ? [null, value, all[1]] : [null, value];
    } catch (error) {
      values = [error];
    }
    setImmediate(callback, ...values);
  };
}

for (const [name, run] of Object.entries(sync)) {
  fs[`${name}Sync`] = run;
  fs[name] = withCallback(name, run);
  promises[name] = async (...all) => run(...all);
}
fs.existsSync = (path) => {
  try {
    return files.exists(pathOf(path));
  } catch {
    return false;
  }
};
fs.exists = (path, callback) => setImmediate(callback, fs.existsSync(path));
fs.exists[Symbol.for('nodejs.util.promisify.custom')] = async (path) => fs.existsSync(path);
fs.realpathSync.native = fs.realpathSync;
fs.realpath.native = fs.realpath;
const watch = () => {
  throw Object.assign(new Error('files cannot be watched: nothing else changes those of a function'), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
};
Object.assign(fs, { watch, watchFile: watch, unwatchFile() {} });

class FileHandle extends require('node/events') {
  constructor(fd) {
    super();
    this.fd = fd;
  }
  async readFile(options) {
    return sync.readFile(this.fd, options);
  }
  async writeFile(data, options) {
    sync.writeFile(this.fd, data, options);
  }
  async appendFile(data, options) {
    sync.writeFile(this.fd, data, options);
  }
  async read(buffer, ...rest) {
    if (!ArrayBuffer.isView(buffer)) {
      rest = [buffer?.offset, buffer?.length, buffer?.position];
      buffer = buffer?.buffer ?? Buffer.alloc(16384);
    }
    return { bytesRead: sync.read(this.fd, buffer, ...rest), buffer };
  }
  async write(data, ...rest) {
    return { bytesWritten: sync.write(this.fd, data, ...rest), buffer: data };
  }
  async writev(list, position) {
    return { bytesWritten: sync.writev(this.fd, list, position), buffers: list };
  }
  async stat() {
    return sync.fstat(this.fd);
  }
  async truncate(length) {
    sync.ftruncate(this.fd, length);
  }
  async sync() {}
  async datasync() {}
  async close() {
    if (this.fd < 0) return;
    sync.close(this.fd);
    this.fd = -1;
    this.emit('close');
  }
  createReadStream(options) {
    return fs.createReadStream(null, { ...options, fd: this.fd });
  }
  createWriteStream(options) {
    return fs.createWriteStream(null, { ...options, fd: this.fd });
  }
  async *readLines() {
    yield* (await sync.readFile(this.fd, 'utf8')).split(/\r?\n/);
  }
  async [Symbol.asyncDispose]() {
    await this.close();
  }
}
promises.open = async (path, flags) => new FileHandle(sync.open(path, flags));

// What a stream of a file does when it begins and when it ends; `state` has the descriptor.
const lifetime = (state, path, flags, autoClose) => ({
  construct(done) {
    try {
      state.descriptor ??= sync.open(path, flags);
      this.fd = state.descriptor;
      done();
      this.emit('open', state.descriptor);
      this.emit('ready');
    } catch (error) {
      done(error);
    }
  },
  destroy(error, done) {
    if (autoClose && state.descriptor !== undefined) {
      try {
        files.close(state.descriptor);
      } catch {
        // It was closed by whoever opened it.
      }
    }
    done(error);
  },
});

fs.createReadStream = (path, options) => {
  const { Readable } = require('node/stream');
  const { encoding, start = 0, end = Infinity, highWaterMark = 65536, flags, fd, autoClose = true } = optionsOf(options);
  const state = { descriptor: fd?.fd ?? fd };
  let at = start;
  const stream = new Readable({
    highWaterMark,
    encoding,
    read(size) {
      try {
        const piece = files.read(state.descriptor, Math.min(size, end - at + 1), at);
        at += piece.length;
        stream.bytesRead += piece.length;
        this.push(piece.length === 0 ? null : Buffer.from(piece.buffer));
      } catch (error) {
        this.destroy(error);
      }
    },
    ...lifetime(state, path, flags, autoClose),
  });
  return Object.assign(stream, { path, bytesRead: 0, close: (done) => stream.destroy(null, done) });
};

fs.createWriteStream = (path, options) => {
  const { Writable } = require('node/stream');
  const { flags = 'w', start, fd, encoding = 'utf8' } = optionsOf(options);
  const state = { descriptor: fd?.fd ?? fd };
  let at = start;
  const stream = new Writable({
    defaultEncoding: encoding,
    write(piece, own, done) {
      try {
        const bytes = bytesOf(piece, own);
        put(state.descriptor, bytes, at);
        if (at !== undefined) at += bytes.length;
        stream.bytesWritten += bytes.length;
        done();
      } catch (error) {
        done(error);
      }
    },
    ...lifetime(state, path, flags, true),
  });
  return Object.assign(stream, { path, bytesWritten: 0, close: (done) => stream.end(done) });
};

// What libraries tell these streams from others by.
for (const name of ['ReadStream', 'WriteStream']) {
  const create = fs[`create${name}`];
  const made = new WeakSet();
  const kind = function (path, options) {
    const stream = create(path, options);
    made.add(stream);
    return stream;
  };
  Object.defineProperty(kind, 'name', { value: name });
  Object.defineProperty(kind, Symbol.hasInstance, { value: (stream) => made.has(stream) });
  fs[name] = kind;
  fs[`create${name}`] = (path, options) => new kind(path, options);
}

fs.promises = promises;
module.exports = fs;
