'use strict';

const llrt = require('internal/globals').llrt('url');
const { URL, URLSearchParams } = globalThis;

class Url {
  constructor() {
    Object.assign(this, {
      protocol: null, slashes: null, auth: null, host: null, port: null, hostname: null, hash: null, search: null, query: null, pathname: null, path: null, href: null,
    });
  }
  format() {
    return format(this);
  }
}

const WITH_SLASHES = new Set(['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:']);

function parse(text, parsesQuery, slashesDenoteHost) {
  if (text instanceof Url) return text;
  const url = new Url();
  let rest = String(text).trim();
  const cut = (mark) => {
    const at = rest.indexOf(mark);
    if (at < 0) return null;
    const part = rest.slice(at);
    rest = rest.slice(0, at);
    return part;
  };
  url.hash = cut('#');
  url.search = cut('?');
  const protocol = /^([a-z][a-z0-9.+-]*:)/i.exec(rest)?.[1];
  if (protocol !== undefined) {
    url.protocol = protocol.toLowerCase();
    rest = rest.slice(protocol.length);
  }
  if (rest.startsWith('//') && (protocol !== undefined || slashesDenoteHost)) {
    url.slashes = true;
    rest = rest.slice(2);
    const end = rest.search(/[/\\]/);
    authority(url, end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? '' : rest.slice(end);
  }
  if (rest === '' && WITH_SLASHES.has(url.protocol) && url.hostname) rest = '/';
  url.pathname = rest === '' ? null : rest;
  if (parsesQuery) {
    url.query = require('node/querystring').parse(url.search?.slice(1) ?? '');
    url.search ??= '';
  } else url.query = url.search?.slice(1) ?? null;
  if (url.pathname !== null || url.search) url.path = (url.pathname ?? '') + (url.search ?? '');
  url.href = format(url);
  return url;
}

function authority(url, text) {
  const at = text.lastIndexOf('@');
  if (at >= 0) url.auth = decodeURIComponent(text.slice(0, at));
  const host = text.slice(at + 1).toLowerCase();
  const port = /:(\d*)$/.exec(host);
  url.port = port?.[1] || null;
  url.hostname = (port ? host.slice(0, port.index) : host).replace(/^\[(.*)\]$/, '$1');
  url.host = host;
}

function format(url, options) {
  if (typeof url === 'string') return parse(url).href;
  if (url instanceof URL) return llrt.format(url, options ?? {});
  let { protocol = '', pathname = '', hash = '', search, query, auth, host, hostname, port, slashes } = url;
  protocol = protocol ?? '';
  if (protocol && !protocol.endsWith(':')) protocol += ':';
  if (!host && hostname) host = (hostname.includes(':') ? `[${hostname}]` : hostname) + (port ? `:${port}` : '');
  if (query && typeof query === 'object' && !search) {
    const text = require('node/querystring').stringify(query);
    search = text ? `?${text}` : '';
  } else if (!search && typeof query === 'string' && query) search = `?${query}`;
  if (search && !search.startsWith('?')) search = `?${search}`;
  if (hash && !hash.startsWith('#')) hash = `#${hash}`;
  pathname = (pathname ?? '').replace(/[?#]/g, encodeURIComponent);
  let middle = '';
  if (slashes || ((!protocol || WITH_SLASHES.has(protocol)) && host)) {
    middle = `//${auth ? `${encodeURIComponent(auth).replace(/%3A/i, ':')}@` : ''}${host ?? ''}`;
    if (pathname && !pathname.startsWith('/')) pathname = `/${pathname}`;
  } else if (host) middle = host;
  return protocol + middle + pathname + (search ?? '').replace(/#/g, '%23') + (hash ?? '');
}

function resolve(from, to) {
  // Stands for the origin, if neither has one.
  const origin = 'http://resolve.invalid';
  const url = new URL(to, new URL(from, origin));
  return url.origin === origin ? url.pathname + url.search + url.hash : url.href;
}

function fileURLToPath(url) {
  const own = typeof url === 'string' ? new URL(url) : url;
  if (own.protocol !== 'file:') throw Object.assign(new TypeError('The URL must be of scheme file'), { code: 'ERR_INVALID_URL_SCHEME' });
  return decodeURIComponent(own.pathname);
}

function pathToFileURL(path) {
  const whole = require('node/path').resolve(path) + (path.endsWith('/') && path !== '/' ? '/' : '');
  return new URL(`file://${encodeURI(whole).replace(/[?#]/g, encodeURIComponent)}`);
}

module.exports = {
  URL, URLSearchParams, Url, parse, format, resolve, resolveObject: (from, to) => parse(resolve(from, to)),
  fileURLToPath, fileURLToPathBuffer: (url) => Buffer.from(fileURLToPath(url)), pathToFileURL,
  domainToASCII: llrt.domainToASCII, domainToUnicode: llrt.domainToUnicode,
  urlToHttpOptions(url) {
    const { hostname } = url;
    return {
      protocol: url.protocol,
      hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      hash: url.hash, search: url.search, pathname: url.pathname, path: `${url.pathname}${url.search}`, href: url.href,
      ...(url.port !== '' ? { port: Number(url.port) } : {}),
      ...(url.username || url.password ? { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` } : {}),
    };
  },
};
