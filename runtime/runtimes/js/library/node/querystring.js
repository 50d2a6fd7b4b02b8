'use strict';

const escape = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => (c === "'" || c === '!' || c === '(' || c === ')' || c === '*' ? c : `%${c.charCodeAt(0).toString(16)}`));
const unescape = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return Buffer.from(text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString();
  }
};

function valueOf(value) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : '';
  return typeof value === 'bigint' || typeof value === 'boolean' ? `${value}` : '';
}

function stringify(object, separator = '&', equals = '=', options) {
  const encode = options?.encodeURIComponent ?? module.exports.escape;
  if (typeof object !== 'object' || object === null) return '';
  return Object.entries(object)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${encode(name)}${equals}${encode(valueOf(one))}`))
    .join(separator);
}

function parse(text, separator = '&', equals = '=', options) {
  const decode = options?.decodeURIComponent ?? module.exports.unescape;
  const result = Object.create(null);
  if (typeof text !== 'string' || text === '') return result;
  const most = options?.maxKeys ?? 1000;
  for (const pair of text.split(separator).slice(0, most > 0 ? most : undefined)) {
    if (pair === '') continue;
    const at = pair.indexOf(equals);
    const [name, value] = (at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + equals.length)]).map((part) => decode(part.replaceAll('+', ' ')));
    if (!(name in result)) result[name] = value;
    else if (Array.isArray(result[name])) result[name].push(value);
    else result[name] = [result[name], value];
  }
  return result;
}

module.exports = { stringify, encode: stringify, parse, decode: parse, escape, unescape };
