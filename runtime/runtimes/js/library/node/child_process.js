'use strict';
module.exports = require('internal/absent').functions('child_process', 'a function has no other processes', ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync', 'ChildProcess']);
