'use strict';

const origin = Date.now() - native.now();
const began = native.now();

class PerformanceEntry {
  constructor(name, entryType, startTime, duration, detail = null) {
    Object.assign(this, { name, entryType, startTime, duration, detail });
  }
  toJSON() {
    return { ...this };
  }
}

const entries = [];

const timeOf = (mark) => {
  if (typeof mark === 'number') return mark;
  const found = entries.findLast((entry) => entry.name === mark && entry.entryType === 'mark');
  if (found === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
  return found.startTime;
};

const record = (entry) => {
  entries.push(entry);
  return entry;
};

const performance = {
  timeOrigin: origin + began,
  now: () => native.now() - began,
  mark: (name, options) => record(new PerformanceEntry(name, 'mark', options?.startTime ?? performance.now(), 0, options?.detail)),
  measure(name, from, to) {
    const options = typeof from === 'object' && from !== null ? from : { start: from, end: to };
    const start = options.start === undefined ? 0 : timeOf(options.start);
    const end = options.end === undefined ? performance.now() : timeOf(options.end);
    return record(new PerformanceEntry(name, 'measure', start, end - start, options.detail));
  },
  clearMarks: (name) => clear('mark', name),
  clearMeasures: (name) => clear('measure', name),
  getEntries: () => [...entries],
  getEntriesByName: (name, type) => entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
  getEntriesByType: (type) => entries.filter((entry) => entry.entryType === type),
  timerify: (callback) => callback,
  eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
  toJSON: () => ({ timeOrigin: performance.timeOrigin }),
};

function clear(type, name) {
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    if (entries[index].entryType === type && (name === undefined || entries[index].name === name)) entries.splice(index, 1);
  }
}

class PerformanceObserver {
  static supportedEntryTypes = [];
  observe() {
    throw new Error('PerformanceObserver is not in this runtime; read performance.getEntries()');
  }
  disconnect() {}
}

module.exports = { performance, PerformanceObserver, PerformanceEntry, constants: {} };
