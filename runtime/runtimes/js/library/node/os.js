'use strict';
const absent = () => [];
const memory = () => process.memoryUsage().rss;

module.exports = {
  EOL: '\n',
  devNull: '/dev/null',
  arch: () => process.arch,
  platform: () => 'linux',
  type: () => 'Linux',
  release: () => '5.10.0',
  version: () => '#1 SMP',
  machine: () => 'wasm32',
  hostname: () => 'localhost',
  homedir: () => process.env.HOME ?? '/tmp',
  tmpdir: () => process.env.TMPDIR ?? '/tmp',
  endianness: () => 'LE',
  uptime: () => process.uptime(),
  loadavg: () => [0, 0, 0],
  totalmem: memory,
  freemem: memory,
  availableParallelism: () => 1,
  cpus: () => [{ model: 'WebAssembly', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  networkInterfaces: () => ({}),
  userInfo: () => ({ uid: 993, gid: 990, username: 'sbx_user1051', homedir: '/tmp', shell: null }),
  getPriority: () => 0,
  setPriority: absent,
  constants: {
    signals: { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGTERM: 15 },
    errno: { EACCES: 13, ECONNREFUSED: 111, ECONNRESET: 104, EEXIST: 17, EINVAL: 22, ENOENT: 2, ENOSPC: 28, EPERM: 1, ETIMEDOUT: 110 },
    priority: {},
    dlopen: {},
  },
};
