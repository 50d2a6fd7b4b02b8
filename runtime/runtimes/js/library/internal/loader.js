'use strict';
// `require`: modules of the program as Node loads them.

const stacks = require('internal/stacks');

const cache = Object.create(null);
let load; // Modules of the library

class Module {
  constructor(id, parent) {
    this.id = id;
    this.path = directoryOf(id);
    this.exports = {};
    this.filename = id;
    this.loaded = false;
    this.children = [];
    this.paths = pathsOf(this.path);
    Object.defineProperty(this, 'parent', { value: parent, enumerable: false, configurable: true });
    parent?.children.push(this);
  }
  require(name) {
    return requireFrom(this)(name);
  }
}

const directoryOf = (path) => path.slice(0, path.lastIndexOf('/')) || '/';

function pathsOf(directory) {
  const paths = [];
  for (let at = directory; ; at = directoryOf(at)) {
    if (!at.endsWith('/node_modules')) paths.push(at === '/' ? '/node_modules' : `${at}/node_modules`);
    if (at === '/') return paths;
  }
}

function builtin(name) {
  return load(`node/${name}`);
}

function withStack(error, parent) {
  if (error?.code === 'MODULE_NOT_FOUND' && parent && error.requireStack === undefined) {
    const stack = [];
    for (let at = parent; at; at = at.parent) stack.push(at.filename);
    error.requireStack = stack;
    error.message += `\nRequire stack:\n${stack.map((path) => `- ${path}`).join('\n')}`;
  }
  return error;
}

function resolve(name, parent) {
  if (typeof name !== 'string') {
    const error = new TypeError(`The "id" argument must be of type string. Received ${typeof name}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    throw error;
  }
  const hooked = Module._resolveFilename !== resolveFilename;
  if (hooked) return Module._resolveFilename(name, parent);
  return resolveFilename(name, parent);
}

function resolveFilename(name, parent) {
  try {
    return native.resolve(name, parent?.path ?? '/var/task');
  } catch (error) {
    throw withStack(error, parent);
  }
}

function load_(path, parent) {
  if (path.startsWith('node:')) return builtin(path.slice(5));
  const known = cache[path];
  if (known !== undefined) return known.exports;
  const module = new Module(path, parent);
  cache[path] = module;
  let done = false;
  try {
    run(module, path);
    done = true;
  } finally {
    // A module that fails is loaded anew the next time.
    if (!done) delete cache[path];
  }
  module.loaded = true;
  return module.exports;
}

function run(module, path) {
  const extension = /\.[^./]+$/.exec(path)?.[0] ?? '.js';
  const format = native.format(path);
  const hook = Module._extensions[extension];
  if (format === 'json') {
    module.exports = parseJson(path);
  } else if (format === 'native') {
    throw machineCode(path);
  } else if (hook !== undefined && hook !== plain) {
    hook(module, path);
  } else {
    plain(module, path);
  }
}

function plain(module, path) {
  const body = native.compile(path);
  if (body === undefined || body === null) {
    module.exports = ofNamespace(native.requireModule(path));
    return;
  }
  stacks.addScript(path);
  Reflect.apply(body, module.exports, [module.exports, requireFrom(module), module, path, module.path]);
}

// What `require` gives for an ECMAScript module.
function ofNamespace(namespace) {
  return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
}

function parseJson(path) {
  const text = new TextDecoder().decode(native.files.readFile(path));
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    error.message = `${path}: ${error.message}`;
    throw error;
  }
}

function machineCode(path) {
  const error = new Error(
    `${path} is machine code for another system, which cannot run in WebAssembly; use a package, or a version of it, that is JavaScript alone`,
  );
  error.code = 'ERR_DLOPEN_FAILED';
  return error;
}

function requireFrom(module) {
  const require = (name) => {
    if (Module._load !== loadByName) return Module._load(name, module, false);
    return loadByName(name, module);
  };
  require.resolve = (name, options) => {
    for (const path of options?.paths ?? []) {
      try {
        return native.resolve(name, path);
      } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
      }
    }
    const found = resolve(name, module);
    return found.startsWith('node:') && !name.startsWith('node:') ? name : found;
  };
  require.resolve.paths = (name) => (native.isBuiltin(name) ? null : module.paths);
  require.main = Module.main;
  require.cache = cache;
  require.extensions = Module._extensions;
  return require;
}

function loadByName(name, parent) {
  return load_(resolve(name, parent), parent);
}

Module._resolveFilename = resolveFilename;
Module._load = loadByName;
Module._cache = cache;
Module._extensions = { '.js': plain, '.json': (module, path) => (module.exports = parseJson(path)), '.node': (_, path) => { throw machineCode(path); } };
Module._nodeModulePaths = pathsOf;
Module.Module = Module;
Module.main = undefined;

exports.Module = Module;
exports.createRequire = (from) => {
  let path = String(from);
  if (path.startsWith('file:')) path = new URL(path).pathname;
  return requireFrom(new Module(path.endsWith('/') ? `${path}noop.js` : path));
};

// What `import` gets of a module that is no ECMAScript module.
exports.required = (name) => load_(name, undefined);

exports.load = load_;
exports.install = (own) => {
  load = own;
};
