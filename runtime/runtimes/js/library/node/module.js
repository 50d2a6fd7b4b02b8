'use strict';
const { Module, createRequire } = require('internal/loader');
Module.createRequire = createRequire;
Module.builtinModules = native.builtins();
Module.isBuiltin = (name) => native.isBuiltin(name.replace(/^node:/, ''));
Object.assign(Module, require('internal/absent').functions('module', 'modules are loaded by the runtime', ['register', 'registerHooks', 'runMain']));
module.exports = Module;
