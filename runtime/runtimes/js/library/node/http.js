'use strict';
// The client of HTTP: what is sent goes by the host, which makes connections and TLS.

const { Readable, Writable } = require('node/stream');
const EventEmitter = require('node/events');
const exchanges = require('internal/exchanges');

const STATUS_CODES = {
  100: 'Continue', 101: 'Switching Protocols', 200: 'OK', 201: 'Created', 202: 'Accepted', 203: 'Non-Authoritative Information', 204: 'No Content',
  205: 'Reset Content', 206: 'Partial Content', 207: 'Multi-Status', 300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other',
  304: 'Not Modified', 307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required',
  403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout',
  409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed', 413: 'Payload Too Large', 414: 'URI Too Long',
  415: 'Unsupported Media Type', 416: 'Range Not Satisfiable', 417: 'Expectation Failed', 418: "I'm a Teapot", 421: 'Misdirected Request',
  422: 'Unprocessable Entity', 423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early', 426: 'Upgrade Required', 428: 'Precondition Required',
  429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 451: 'Unavailable For Legal Reasons', 500: 'Internal Server Error',
  501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout', 505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage', 508: 'Loop Detected', 511: 'Network Authentication Required',
};

const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'];

// Of several fields of these names only the first counts.
const SINGLE = new Set(['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent']);

// Bytes of a request that wait, from which on a program is asked to wait too.
const HIGH = 65536;

class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = { ...options };
    this.maxSockets = options.maxSockets ?? Infinity;
    this.maxFreeSockets = options.maxFreeSockets ?? 256;
    this.keepAlive = options.keepAlive ?? false;
    this.requests = {};
    this.sockets = {};
    this.freeSockets = {};
    this.protocol = 'http:';
    this.defaultPort = 80;
  }
  getName({ host = 'localhost', port = '' }) {
    return `${host}:${port}:`;
  }
  destroy() {}
}

// What stands for the connection, of which the host knows alone.
class Socket extends EventEmitter {
  constructor(encrypted) {
    super();
    Object.assign(this, { encrypted, authorized: encrypted, connecting: false, destroyed: false, writable: true, readable: true, remoteAddress: undefined, remotePort: undefined });
  }
  setTimeout() {
    return this;
  }
  setNoDelay() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  destroy() {
    this.destroyed = true;
    return this;
  }
  end() {
    return this;
  }
}

class IncomingMessage extends Readable {
  constructor(request, status, fields) {
    super({ highWaterMark: HIGH });
    Object.assign(this, { statusCode: status, statusMessage: STATUS_CODES[status] ?? '', httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1, rawHeaders: fields, headers: {}, headersDistinct: {}, trailers: {}, rawTrailers: [], complete: false, aborted: false, req: request, socket: request.socket, connection: request.socket, url: '', method: null });
    for (let index = 0; index < fields.length; index += 2) this.#add(fields[index].toLowerCase(), fields[index + 1]);
  }
  #add(name, value) {
    (this.headersDistinct[name] ??= []).push(value);
    const known = this.headers[name];
    if (name === 'set-cookie') (this.headers[name] ??= []).push(value);
    else if (known === undefined) this.headers[name] = value;
    else if (!SINGLE.has(name)) this.headers[name] = `${known}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  setTimeout(milliseconds, callback) {
    this.req.setTimeout(milliseconds, callback);
    return this;
  }
  _read() {
    this.req.exchange?.read();
  }
  _destroy(error, done) {
    if (!this.complete) {
      this.aborted = true;
      this.req.exchange?.close();
    }
    done(error);
  }
}

function codeError(code, message, Type = Error) {
  return Object.assign(new Type(message), { code });
}

function optionsOf(input, options, callback) {
  if (typeof input === 'string' || input instanceof URL) {
    const url = require('node/url').urlToHttpOptions(input instanceof URL ? input : new URL(input));
    if (typeof options === 'function') [options, callback] = [undefined, options];
    return [{ ...url, ...options }, callback];
  }
  return [{ ...input }, typeof options === 'function' ? options : callback];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

class ClientRequest extends Writable {
  #fields = new Map();
  #on;
  #timer;
  #timeout = 0;

  constructor(input, options, callback, scheme = 'http') {
    // It ends with its response, not with what it sends.
    super({ highWaterMark: HIGH, autoDestroy: false });
    [options, callback] = optionsOf(input, options, callback);
    const protocol = options.protocol ?? `${scheme}:`;
    if (protocol !== 'http:' && protocol !== 'https:') throw codeError('ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "http:" or "https:"`, TypeError);
    if (options.socketPath) throw codeError('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'there are no sockets of files');
    const secure = protocol === 'https:';
    const host = options.hostname ?? options.host ?? 'localhost';
    const port = options.port ?? options.defaultPort;
    const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    Object.assign(this, {
      method: (options.method ?? 'GET').toUpperCase(), path: options.path ?? '/', host, protocol, agent: options.agent, aborted: false, reusedSocket: false,
      authority: port === undefined || port === '' || Number(port) === (secure ? 443 : 80) ? shown : `${shown}:${port}`,
      socket: new Socket(secure), exchange: undefined, res: null, headersSent: false, maxHeadersCount: null,
    });
    this.connection = this.socket;
    if (/[^\u0021-\u00ff]/.test(this.path)) throw codeError('ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters', TypeError);
    this.#setHeaders(options);
    if (options.timeout) this.setTimeout(options.timeout);
    if (options.signal) this.#abortWith(options.signal);
    if (callback) this.once('response', callback);
    process.nextTick(() => !this.destroyed && this.emit('socket', this.socket));
  }
  #setHeaders({ headers, auth }) {
    if (Array.isArray(headers)) {
      const pairs = Array.isArray(headers[0]) ? headers : headers.map((name, index) => [name, headers[index + 1]]).filter((_, index) => index % 2 === 0);
      for (const [name, value] of pairs) this.appendHeader(name, value);
    } else for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) this.setHeader(name, value);
    if (auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
  }
  #abortWith(signal) {
    const stop = () => this.destroy(Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
    if (signal.aborted) process.nextTick(stop);
    else {
      signal.addEventListener('abort', stop, { once: true });
      this.once('close', () => signal.removeEventListener('abort', stop));
    }
  }

  setHeader(name, value) {
    if (typeof name !== 'string' || !TOKEN.test(name)) throw codeError('ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`, TypeError);
    if (value === undefined) throw codeError('ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${name}"`, TypeError);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value))) throw codeError('ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`, TypeError);
    this.#fields.set(name.toLowerCase(), [name, value]);
    return this;
  }
  appendHeader(name, value) {
    const known = this.getHeader(name);
    return this.setHeader(name, known === undefined ? value : [known, value].flat());
  }
  getHeader(name) {
    return this.#fields.get(name.toLowerCase())?.[1];
  }
  getHeaders() {
    return Object.fromEntries([...this.#fields].map(([name, [, value]]) => [name, value]));
  }
  getHeaderNames() {
    return [...this.#fields.keys()];
  }
  getRawHeaderNames() {
    return [...this.#fields.values()].map(([name]) => name);
  }
  hasHeader(name) {
    return this.#fields.has(name.toLowerCase());
  }
  removeHeader(name) {
    this.#fields.delete(name.toLowerCase());
  }
  flushHeaders() {
    this.#begin();
  }
  setNoDelay() {}
  setSocketKeepAlive() {}

  setTimeout(milliseconds, callback) {
    if (callback) this.once('timeout', callback);
    this.#timeout = milliseconds;
    this.#touch();
    return this;
  }
  // Nothing came for so long: it is up to the program what that means.
  #touch() {
    clearTimeout(this.#timer);
    if (this.#timeout > 0 && !this.destroyed) this.#timer = setTimeout(() => this.emit('timeout'), this.#timeout).unref();
  }

  #begin() {
    if (this.exchange !== undefined || this.destroyed) return;
    const fields = [...this.#fields.values()].flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]));
    this.headersSent = true;
    this.#on = {
      response: (status, all) => this.#answer(status, all),
      data: (bytes) => {
        this.#touch();
        this.res.push(Buffer.from(bytes.buffer));
      },
      end: () => {
        clearTimeout(this.#timer);
        this.res.complete = true;
        this.res.push(null);
      },
      drain: () => {
        const done = this.waiting;
        this.waiting = undefined;
        done?.();
      },
      error: (code, message) => this.#fail(codeError(code, message)),
    };
    try {
      this.exchange = exchanges.begin(this.method, this.protocol.slice(0, -1), this.authority, this.path, fields, 0, this.#on);
    } catch (error) {
      process.nextTick(() => this.#fail(error));
    }
    this.#touch();
  }
  #answer(status, fields) {
    this.#touch();
    this.res = new IncomingMessage(this, status, fields);
    this.res.once('close', () => {
      if (!this.destroyed) this.destroy();
    });
    if (!this.emit('response', this.res)) this.res.resume();
  }
  #fail(error) {
    error.syscall ??= 'connect';
    error.hostname ??= this.host;
    if (this.res !== null) this.res.destroy(error);
    this.destroy(this.res === null ? error : undefined);
  }

  // A body that is whole at once is sent with its length.
  end(data, encoding, callback) {
    if (typeof data === 'function') [data, callback] = [undefined, data];
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    if (this.exchange === undefined && !this.hasHeader('content-length') && !this.hasHeader('transfer-encoding')) {
      const bytes = data === undefined || data === null ? undefined : Buffer.byteLength(data, encoding);
      if (bytes !== undefined) this.setHeader('Content-Length', bytes);
      else if (!['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'].includes(this.method)) this.setHeader('Content-Length', 0);
    }
    return super.end(data, encoding, callback);
  }
  _write(chunk, encoding, done) {
    this.#begin();
    if (this.exchange === undefined) {
      done();
      return;
    }
    const waiting = this.exchange.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    if (waiting < HIGH) done();
    else this.waiting = done;
  }
  _final(done) {
    this.#begin();
    this.exchange?.end();
    done();
  }
  _destroy(error, done) {
    clearTimeout(this.#timer);
    const isEarly = this.res === null;
    if (this.res === null || !this.res.complete) this.exchange?.close();
    this.waiting?.();
    if (!isEarly && !this.res.complete) this.res.destroy(error ?? codeError('ECONNRESET', 'aborted'));
    this.socket.destroy();
    done(error ?? (isEarly ? codeError('ECONNRESET', 'socket hang up') : null));
  }
  abort() {
    this.aborted = true;
    process.nextTick(() => this.emit('abort'));
    this.destroy();
  }
}

function server() {
  throw codeError('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'a function listens on no port: what it is sent are events of its handler');
}

const client = (scheme, agent) => ({
  request: (input, options, callback) => new ClientRequest(input, options, callback, scheme),
  get(input, options, callback) {
    const request = new ClientRequest(input, options, callback, scheme);
    request.end();
    return request;
  },
  Agent: agent,
  globalAgent: new agent({ keepAlive: true }),
  createServer: server,
  Server: server,
});

module.exports = {
  ...client('http', Agent), ClientRequest, IncomingMessage, OutgoingMessage: ClientRequest, ServerResponse: class ServerResponse extends Writable {},
  STATUS_CODES, METHODS, maxHeaderSize: 16384,
  validateHeaderName(name) {
    if (!TOKEN.test(name)) throw codeError('ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`, TypeError);
  },
  validateHeaderValue() {},
  setMaxIdleHTTPParsers() {},
};
Object.defineProperty(module.exports, 'clientOf', { value: client, enumerable: false });
