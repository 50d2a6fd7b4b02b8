'use strict';
const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function isIPv6(text) {
  const [head, ...rest] = String(text).split('%')[0].split('::');
  if (rest.length > 1) return false;
  const groups = [head, ...rest].flatMap((part) => (part === '' ? [] : part.split(':')));
  const last = groups.at(-1);
  const count = groups.length + (last !== undefined && V4.test(last) ? 1 : 0);
  const fits = groups.every((group, index) => /^[0-9a-f]{1,4}$/i.test(group) || (index === groups.length - 1 && V4.test(group)));
  return fits && (rest.length === 1 ? count < 8 : count === 8);
}

const isIPv4 = (text) => V4.test(text);
module.exports = {
  ...require('internal/absent').functions('net', 'there are no sockets; use http, https or fetch, which go by the host', ['connect', 'createConnection', 'createServer', 'Socket', 'Server', 'Stream']),
  isIPv4,
  isIPv6,
  isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
  getDefaultAutoSelectFamily: () => true,
  setDefaultAutoSelectFamily() {},
};
