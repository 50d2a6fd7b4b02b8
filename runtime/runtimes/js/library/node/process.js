'use strict';

const EventEmitter = require('node/events');
const loop = require('internal/loop');

const process = Object.create(EventEmitter.prototype);
EventEmitter.call(process);

const began = native.now();
let directory = '/var/task';
let exitCode;

const standard = (descriptor) => {
  let stream;
  return () => (stream ??= require('internal/standard').stream(descriptor));
};

function exit(code = exitCode ?? 0) {
  const status = Number(code) & 0xff;
  try {
    process.emit('exit', status);
  } finally {
    const message = status === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: exit status ${status}`;
    require('internal/logs').failure('Runtime exited', { errorType: 'Runtime.ExitError', errorMessage: message, trace: [] });
    native.end('Runtime.ExitError', message, []);
  }
}

function hrtime(previous) {
  const now = native.now();
  let seconds = Math.floor(now / 1e3);
  let nanoseconds = Math.floor((now - seconds * 1e3) * 1e6);
  if (previous !== undefined) {
    seconds -= previous[0];
    nanoseconds -= previous[1];
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.round(native.now() * 1e6));

const used = () => {
  const bytes = (Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) || 128) * 1048576;
  return { rss: bytes, heapTotal: bytes, heapUsed: bytes, external: 0, arrayBuffers: 0 };
};

const absent = (name) => () => {
  const error = new Error(`process.${name}() is not possible: a function has no other processes, users and signals`);
  error.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
  throw error;
};

Object.assign(process, {
  title: 'node',
  version: 'v22.19.0',
  versions: { node: '22.19.0', quickjs: '0.11.0', modules: '127' },
  release: { name: 'node', lts: 'Jod' },
  arch: 'wasm32',
  platform: 'linux',
  pid: 1,
  ppid: 0,
  argv: ['/var/lang/bin/node', '/var/runtime/index.mjs'],
  argv0: 'node',
  execArgv: [],
  execPath: '/var/lang/bin/node',
  features: {},
  config: { variables: {} },
  env: require('internal/environment').variables,
  exit,
  reallyExit: exit,
  hrtime,
  uptime: () => (native.now() - began) / 1e3,
  memoryUsage: Object.assign(used, { rss: () => used().rss }),
  availableMemory: () => used().rss,
  constrainedMemory: () => used().rss,
  resourceUsage: () => ({ userCPUTime: Math.round((native.now() - began) * 1e3), systemCPUTime: 0, maxRSS: used().rss / 1024 }),
  cpuUsage: (previous) => ({ user: Math.round((native.now() - began) * 1e3) - (previous?.user ?? 0), system: 0 }),
  nextTick: loop.nextTick,
  cwd: () => directory,
  chdir(path) {
    const to = require('node/path').resolve(directory, path);
    if (!native.files.stat(to).directory) throw Object.assign(new Error(`ENOTDIR: not a directory, chdir '${path}'`), { code: 'ENOTDIR' });
    directory = to;
  },
  umask: () => 0o22,
  getuid: () => 993,
  geteuid: () => 993,
  getgid: () => 990,
  getegid: () => 990,
  getgroups: () => [],
  getActiveResourcesInfo: () => [],
  emitWarning(warning, type, code) {
    const error = warning instanceof Error ? warning : Object.assign(new Error(warning), { name: type?.type ?? type ?? 'Warning', code: type?.code ?? code });
    if (!process.emit('warning', error)) console.warn(`(node:1) ${error.code ? `[${error.code}] ` : ''}${error.name}: ${error.message}`);
  },
  binding: absent('binding'),
  kill: absent('kill'),
  abort: () => exit(134),
  dlopen: absent('dlopen'),
  setUncaughtExceptionCaptureCallback: absent('setUncaughtExceptionCaptureCallback'),
  hasUncaughtExceptionCaptureCallback: () => false,
  allowedNodeEnvironmentFlags: new Set(),
  getBuiltinModule: (name) => {
    const plain = name.replace(/^node:/, '');
    return native.isBuiltin(plain) ? require(`node/${plain}`) : undefined;
  },
});
Object.defineProperties(process, {
  stdout: { get: standard(1), enumerable: true, configurable: true },
  stderr: { get: standard(2), enumerable: true, configurable: true },
  stdin: { get: standard(0), enumerable: true, configurable: true },
  exitCode: {
    get: () => exitCode,
    set: (code) => {
      exitCode = code;
    },
    enumerable: true,
    configurable: true,
  },
});
// What the package `lambent` looks for, wherever it comes from.
Object.defineProperty(process, Symbol.for('lambent.node'), { get: () => require('internal/node'), configurable: true });
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

Object.defineProperty(process, 'process', { value: process, configurable: true });

module.exports = process;
