'use strict';
// `console`, whose lines go to the log by level.

const logs = require('internal/logs');

const inspecting = () => require('node/util');

// What most programs log is text, which needs no module to be made readable.
function text(values) {
  if (values.every((value) => typeof value === 'string') && (values.length === 1 || !values[0].includes('%'))) return values.join(' ');
  return inspecting().format(...values);
}

class Console {
  #indent = '';
  #counts = new Map();
  #timers = new Map();
  #out;

  constructor(stdout, stderr) {
    if (stdout !== undefined) {
      const out = stdout.stdout ?? stdout;
      const err = stdout.stderr ?? stderr ?? out;
      this.#out = (level, line) => (level === 'ERROR' || level === 'WARN' ? err : out).write(`${line}\n`);
    }
    // Programs take its functions out of it.
    for (const name of Object.getOwnPropertyNames(Console.prototype)) {
      if (name !== 'constructor') this[name] = this[name].bind(this);
    }
  }
  #write(level, values) {
    const make = () => this.#indent + text(values).replaceAll('\n', `\n${this.#indent}`);
    if (this.#out) this.#out(level, make());
    else logs.write(level, values, make);
  }
  log(...values) {
    this.#write('INFO', values);
  }
  info(...values) {
    this.#write('INFO', values);
  }
  debug(...values) {
    this.#write('DEBUG', values);
  }
  warn(...values) {
    this.#write('WARN', values);
  }
  error(...values) {
    this.#write('ERROR', values);
  }
  trace(...values) {
    const error = { name: 'Trace', message: values.length > 0 ? text(values) : '' };
    Error.captureStackTrace(error, this.trace);
    this.#write('TRACE', [error.stack]);
  }
  dir(value, options) {
    this.#write('INFO', [inspecting().inspect(value, { customInspect: false, ...options })]);
  }
  dirxml(...values) {
    this.#write('INFO', values);
  }
  assert(condition, ...values) {
    if (condition) return;
    if (typeof values[0] === 'string') values[0] = `Assertion failed: ${values[0]}`;
    else values.unshift('Assertion failed');
    this.#write('WARN', values);
  }
  count(label = 'default') {
    const count = (this.#counts.get(`${label}`) ?? 0) + 1;
    this.#counts.set(`${label}`, count);
    this.#write('INFO', [`${label}: ${count}`]);
  }
  countReset(label = 'default') {
    this.#counts.delete(`${label}`);
  }
  time(label = 'default') {
    this.#timers.set(`${label}`, native.now());
  }
  timeLog(label = 'default', ...values) {
    const began = this.#timers.get(`${label}`);
    if (began === undefined) this.#write('WARN', [`No such label '${label}' for console.timeLog()`]);
    else this.#write('INFO', [`${label}: ${duration(native.now() - began)}`, ...values]);
  }
  timeEnd(label = 'default') {
    this.timeLog(label);
    this.#timers.delete(`${label}`);
  }
  group(...values) {
    if (values.length > 0) this.#write('INFO', values);
    this.#indent += '  ';
  }
  groupCollapsed(...values) {
    this.group(...values);
  }
  groupEnd() {
    this.#indent = this.#indent.slice(2);
  }
  table(data, columns) {
    if (typeof data !== 'object' || data === null) this.#write('INFO', [data]);
    else this.#write('INFO', [tableOf(data, columns)]);
  }
}

function duration(milliseconds) {
  return milliseconds >= 1000 ? `${(milliseconds / 1000).toFixed(3)}s` : `${milliseconds.toFixed(3)}ms`;
}

function tableOf(data, columns) {
  const { inspect } = inspecting();
  const rows = data instanceof Map ? [...data] : Object.entries(data);
  const names = new Set(columns ?? rows.flatMap(([, row]) => (typeof row === 'object' && row !== null ? Object.keys(row) : [])));
  const hasValues = rows.some(([, row]) => typeof row !== 'object' || row === null);
  const head = ['(index)', ...names, ...(hasValues ? ['Values'] : [])];
  const cells = rows.map(([index, row]) => {
    const isObject = typeof row === 'object' && row !== null;
    const own = [...names].map((name) => (isObject && name in row ? inspect(row[name]) : ''));
    return [String(index), ...own, ...(hasValues ? [isObject ? '' : inspect(row)] : [])];
  });
  const widths = head.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index].length)) + 2);
  const line = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
  const row = (all) => `│${all.map((cell, index) => ` ${cell}`.padEnd(widths[index])).join('│')}│`;
  return [line('┌', '┬', '┐'), row(head), line('├', '┼', '┤'), ...cells.map(row), line('└', '┴', '┘')].join('\n');
}

exports.Console = Console;
exports.console = new Console();
exports.console.Console = Console;
