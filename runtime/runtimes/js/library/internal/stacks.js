'use strict';
// `error.stack` in the form that programs know from V8.

// What is before the source in the first line of a module of CommonJS.
const WRAPPER = '(function (exports, require, module, __filename, __dirname) {'.length;
const scripts = new Set();

exports.addScript = (path) => scripts.add(path);

function header(error) {
  try {
    const name = error.name === undefined ? 'Error' : String(error.name);
    const message = error.message === undefined ? '' : String(error.message);
    if (name === '') return message;
    return message === '' ? name : `${name}: ${message}`;
  } catch {
    return 'Error';
  }
}

function position(file, line, column) {
  if (line === 1 && scripts.has(file)) column = Math.max(1, column - WRAPPER);
  const origin = /\.[cm]?tsx?$/.test(file) ? native.originOf(file, line, column) : undefined;
  return origin ? `${file}:${origin[0]}:${origin[1]}` : `${file}:${line}:${column}`;
}

function frame(site) {
  const name = site.getFunctionName();
  if (site.isNative()) return `    at ${name || '<anonymous>'} (native)`;
  const place = position(site.getFileName(), site.getLineNumber(), site.getColumnNumber());
  return name && name !== '<anonymous>' ? `    at ${name} (${place})` : `    at ${place}`;
}

// Frames of the library are not the program's.
function isOurs(site) {
  const file = site.getFileName();
  return typeof file === 'string' && file.startsWith('node:');
}

function prepare(error, sites) {
  const all = sites.filter((site) => !isOurs(site));
  // What the runtime calls with is no part of the program either.
  while (all.length > 0 && all[all.length - 1].isNative()) all.pop();
  return [header(error), ...all.map(frame)].join('\n');
}

exports.install = () => {
  Error.prepareStackTrace = prepare;
};
