'use strict';
const path = { ...require('internal/globals').llrt('path') };
// LLRT resolves by the directory of the process, which is not the one of `process.cwd`.
const { resolve } = path;
path.resolve = (...parts) => resolve(process.cwd(), ...parts);
path.relative = ((relative) => (from, to) => relative(path.resolve(from), path.resolve(to)))(path.relative);
path.sep = '/';
path.delimiter = ':';
path.toNamespacedPath = (name) => name;
path.matchesGlob = (name, pattern) => {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*\*\/?/g, '\0').replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]').replaceAll('\0', '.*');
  return new RegExp(`^${source}$`).test(name);
};
path.posix = path;
path.win32 = path;
module.exports = path;
