'use strict';
// `fetch` over the host, and what it takes and gives.

const exchanges = require('internal/exchanges');

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REDIRECTS_MAX = 20;

class Headers {
  #all = new Map();
  constructor(init) {
    if (init === undefined || init === null) return;
    if (typeof init !== 'object' && typeof init !== 'function') throw new TypeError('Headers constructor: init is not an object');
    const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
    for (const pair of pairs) {
      const [name, value, ...rest] = pair;
      if (value === undefined && !(1 in pair) || rest.length > 0) throw new TypeError('Headers constructor: expected name/value pair to be length 2');
      this.append(name, value);
    }
  }
  static #name(name) {
    if (!TOKEN.test(name)) throw new TypeError(`Headers: ${name} is an invalid header name`);
    return String(name).toLowerCase();
  }
  static #value(value) {
    const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
    if (/[\0\r\n]|[^\0-\xff]/.test(text)) throw new TypeError(`Headers: ${text} is an invalid header value`);
    return text;
  }
  append(name, value) {
    const own = Headers.#name(name);
    this.#all.set(own, [...(this.#all.get(own) ?? []), Headers.#value(value)]);
  }
  set(name, value) {
    this.#all.set(Headers.#name(name), [Headers.#value(value)]);
  }
  get(name) {
    return this.#all.get(Headers.#name(name))?.join(', ') ?? null;
  }
  has(name) {
    return this.#all.has(Headers.#name(name));
  }
  delete(name) {
    this.#all.delete(Headers.#name(name));
  }
  getSetCookie() {
    return [...(this.#all.get('set-cookie') ?? [])];
  }
  *entries() {
    for (const name of [...this.#all.keys()].sort()) {
      if (name === 'set-cookie') for (const value of this.#all.get(name)) yield [name, value];
      else yield [name, this.get(name)];
    }
  }
  *keys() {
    for (const [name] of this.entries()) yield name;
  }
  *values() {
    for (const [, value] of this.entries()) yield value;
  }
  forEach(run, self) {
    for (const [name, value] of this.entries()) run.call(self, value, name, this);
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  get [Symbol.toStringTag]() {
    return 'Headers';
  }
  [Symbol.for('nodejs.util.inspect.custom')](_, options, inspect) {
    return `Headers ${inspect(Object.fromEntries(this.entries()), options)}`;
  }
}

class FormData {
  #all = [];
  append(name, value, file) {
    this.#all.push([String(name), FormData.#entry(value, file)]);
  }
  static #entry(value, file) {
    if (!(value instanceof Blob)) return String(value);
    return value instanceof File && file === undefined ? value : new File([value], file ?? 'blob', { type: value.type });
  }
  set(name, value, file) {
    this.delete(name);
    this.append(name, value, file);
  }
  get(name) {
    return this.#all.find(([own]) => own === name)?.[1] ?? null;
  }
  getAll(name) {
    return this.#all.filter(([own]) => own === name).map(([, value]) => value);
  }
  has(name) {
    return this.#all.some(([own]) => own === name);
  }
  delete(name) {
    this.#all = this.#all.filter(([own]) => own !== name);
  }
  *entries() {
    yield* this.#all;
  }
  *keys() {
    for (const [name] of this.#all) yield name;
  }
  *values() {
    for (const [, value] of this.#all) yield value;
  }
  forEach(run, self) {
    for (const [name, value] of this.#all) run.call(self, value, name, this);
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  get [Symbol.toStringTag]() {
    return 'FormData';
  }
}

const isStream = (value) => typeof value?.getReader === 'function';
const isIterable = (value) => typeof value === 'object' && value !== null && typeof value[Symbol.asyncIterator] === 'function';

// The bytes, or the source of them, of what a body may be, and its type.
async function multipart(form) {
  const boundary = `----lambent${require('node/crypto').randomBytes(12).toString('hex')}`;
  const escaped = (text) => text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
  const parts = [];
  for (const [name, value] of form) {
    const isFile = typeof value !== 'string';
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"${isFile ? `; filename="${escaped(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}` : ''}\r\n\r\n`));
    parts.push(isFile ? Buffer.from(await value.arrayBuffer()) : Buffer.from(value), Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { bytes: Buffer.concat(parts), boundary };
}

function extract(body) {
  if (body === undefined || body === null) return { source: null, type: null };
  if (typeof body === 'string') return { source: Buffer.from(body.toWellFormed()), type: 'text/plain;charset=UTF-8' };
  if (body instanceof URLSearchParams) return { source: Buffer.from(body.toString()), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  if (body instanceof ArrayBuffer) return { source: Buffer.from(body), type: null };
  if (ArrayBuffer.isView(body)) return { source: Buffer.from(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)), type: null };
  if (body instanceof FormData) return { source: body, type: null };
  if (body instanceof Blob) return { source: body, type: body.type || null };
  if (isStream(body) || isIterable(body)) return { source: body, type: null };
  return { source: Buffer.from(String(body)), type: 'text/plain;charset=UTF-8' };
}

async function* pieces(source) {
  if (source === null) return;
  if (source instanceof Uint8Array) yield source;
  else if (source instanceof Blob) yield new Uint8Array(await source.arrayBuffer());
  else if (isStream(source)) {
    const reader = source.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield typeof value === 'string' ? Buffer.from(value) : new Uint8Array(value);
    }
  } else for await (const piece of source) yield typeof piece === 'string' ? Buffer.from(piece) : new Uint8Array(piece);
}

class Body {
  #source;
  #stream;
  #used = false;
  constructor(body, headers) {
    const { source, type } = body instanceof Body ? { source: body.taken(), type: null } : extract(body);
    this.#source = source;
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  }
  get body() {
    if (this.#source === null) return null;
    if (isStream(this.#source)) return this.#source;
    const source = this.#source;
    this.#stream ??= new ReadableStream({
      start: async (controller) => {
        const all = source instanceof FormData ? [(await this.form()).bytes] : pieces(source);
        for await (const piece of all) controller.enqueue(new Uint8Array(piece));
        controller.close();
      },
    });
    return this.#stream;
  }
  get bodyUsed() {
    return this.#used || (this.#stream ?? (isStream(this.#source) ? this.#source : undefined))?.locked === true;
  }
  // What the body is read from, once.
  taken() {
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
    this.#used = this.#source !== null;
    return this.#stream ?? this.#source;
  }
  peek() {
    return this.#source;
  }
  replaceSource(stream) {
    this.#source = stream;
  }
  form() {
    this.encoded ??= multipart(this.#source);
    return this.encoded;
  }
  async bytes() {
    const source = this.taken();
    if (source instanceof Uint8Array) return new Uint8Array(source);
    if (source instanceof FormData) return new Uint8Array((await this.form()).bytes);
    const all = [];
    for await (const piece of pieces(source)) all.push(piece);
    return new Uint8Array(Buffer.concat(all));
  }
  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }
  async text() {
    return new TextDecoder().decode(await this.bytes());
  }
  async json() {
    return JSON.parse(await this.text());
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' });
  }
  async formData() {
    const type = this.headers.get('content-type') ?? '';
    const form = new FormData();
    if (type.startsWith('application/x-www-form-urlencoded')) {
      for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
      return form;
    }
    const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
    if (boundary === undefined) throw new TypeError('Response.formData: Could not parse content as FormData.');
    for (const part of Buffer.from(await this.bytes()).toString('latin1').split(`--${boundary}`).slice(1, -1)) {
      const [head, ...rest] = part.replace(/^\r\n/, '').split('\r\n\r\n');
      const name = /name="([^"]*)"/.exec(head)?.[1] ?? '';
      const file = /filename="([^"]*)"/.exec(head)?.[1];
      const data = Buffer.from(rest.join('\r\n\r\n').replace(/\r\n$/, ''), 'latin1');
      form.append(name, file === undefined ? data.toString() : new File([data], file, { type: /content-type: *([^\r\n]+)/i.exec(head)?.[1] ?? '' }));
    }
    return form;
  }
}

class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined;
    const url = from?.url ?? new URL(String(input)).href;
    const method = String(init.method ?? from?.method ?? 'GET');
    const headers = new Headers(init.headers ?? from?.headers);
    const body = init.body ?? (from?.peek() === null ? undefined : from);
    const named = /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
    if (body !== undefined && body !== null && (named === 'GET' || named === 'HEAD')) throw new TypeError('Request with GET/HEAD method cannot have body.');
    super(body, headers);
    if (new URL(url).username !== '') throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url}`);
    Object.assign(this, {
      url, method: named, headers, signal: init.signal ?? from?.signal ?? new AbortController().signal, redirect: init.redirect ?? from?.redirect ?? 'follow',
      cache: 'default', credentials: init.credentials ?? 'same-origin', mode: 'cors', destination: '', referrer: 'about:client', referrerPolicy: '', integrity: '', keepalive: false, duplex: 'half',
    });
  }
  clone() {
    return new Request(this.url, { ...this, body: cloned(this) });
  }
}

// A body that can be read twice; a stream is read by both in turn.
function cloned(one) {
  const source = one.peek();
  if (!isStream(source)) return source;
  const [mine, other] = source.tee();
  one.replaceSource(mine);
  return other;
}

class Response extends Body {
  constructor(body, init = {}) {
    const headers = new Headers(init.headers);
    super(body, headers);
    const status = init.status ?? 200;
    if (status !== 0 && (status < 200 || status > 599)) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    Object.assign(this, { status, statusText: init.statusText ?? '', headers, ok: status >= 200 && status < 300, url: init.url ?? '', redirected: init.redirected ?? false, type: init.type ?? 'default' });
  }
  static json(data, init = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(data), { ...init, headers });
  }
  static error() {
    return new Response(null, { status: 0, type: 'error' });
  }
  static redirect(url, status = 302) {
    return new Response(null, { status, headers: { location: new URL(url).href } });
  }
  clone() {
    return new Response(cloned(this), { ...this });
  }
}

const DECODERS = { gzip: 'gunzipSync', 'x-gzip': 'gunzipSync', deflate: 'inflateSync', br: 'brotliDecompressSync' };

// A stream of the body; what is compressed is expanded once it is whole.
function bodyOf(receive, encoding) {
  const decoder = DECODERS[encoding?.toLowerCase()];
  if (decoder === undefined) return receive();
  const reader = receive().getReader();
  return new ReadableStream({
    async pull(controller) {
      const all = [];
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        all.push(value);
      }
      const bytes = Buffer.concat(all);
      if (bytes.length > 0) controller.enqueue(new Uint8Array(require('node/zlib')[decoder](bytes)));
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function failure(error) {
  return new TypeError('fetch failed', { cause: error });
}

// One request and the head of its response.
function send(url, method, headers, source, length, signal) {
  return new Promise((resolve, reject) => {
    let controller;
    let exchange;
    const stop = () => {
      exchange?.close();
      reject(signal.reason);
      controller?.error(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    const over = () => signal.removeEventListener('abort', stop);
    const receive = () =>
      new ReadableStream(
        {
          start(own) {
            controller = own;
          },
          pull() {
            exchange.read();
          },
          cancel() {
            over();
            exchange.close();
          },
        },
        { highWaterMark: 0 },
      );
    const on = {
      response: (status, fields) => resolve({ status, fields, receive }),
      data: (bytes) => controller.enqueue(bytes),
      end() {
        over();
        controller?.close();
      },
      drain: () => on.drained?.(),
      error(code, message) {
        over();
        const error = failure(Object.assign(new Error(message), { code }));
        if (controller) controller.error(error);
        else reject(error);
      },
    };
    try {
      const fields = [...headers].flat();
      if (length !== undefined) fields.push('content-length', String(length));
      exchange = exchanges.begin(method, url.protocol.slice(0, -1), url.host, url.pathname + url.search, fields, 0, on);
    } catch (error) {
      over();
      reject(failure(error));
      return;
    }
    put(exchange, source, on).catch((error) => {
      exchange.close();
      reject(failure(error));
    });
  });
}

async function put(exchange, source, on) {
  for await (const piece of pieces(source)) {
    if (exchange.write(piece) >= 65536) await new Promise((resolve) => (on.drained = resolve));
  }
  exchange.end();
}

function dataUrl(url) {
  const [, type, base64, data] = /^data:([^,]*?)(;base64)?,(.*)$/s.exec(url.href) ?? [];
  if (data === undefined) throw failure(new Error('invalid URL of data'));
  const text = decodeURIComponent(data);
  return new Response(Buffer.from(text, base64 ? 'base64' : 'utf8'), { headers: { 'content-type': type || 'text/plain;charset=US-ASCII' } });
}

async function fetch(input, init) {
  const request = new Request(input, init);
  let url = new URL(request.url);
  if (url.protocol === 'data:') return dataUrl(url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failure(new Error('unknown scheme'));
  if (request.signal.aborted) throw request.signal.reason;
  let { method } = request;
  const { headers } = request;
  let source = request.peek() === null ? null : request.taken();
  if (source instanceof FormData) {
    const { bytes, boundary } = await request.form();
    source = bytes;
    if (!headers.has('content-type')) headers.set('content-type', `multipart/form-data; boundary=${boundary}`);
  }
  for (const [name, value] of Object.entries({ accept: '*/*', 'accept-language': '*', 'user-agent': 'node', 'accept-encoding': 'gzip, deflate' })) {
    if (!headers.has(name)) headers.set(name, value);
  }
  for (let count = 0; ; count += 1) {
    const length = source instanceof Uint8Array ? source.length : source instanceof Blob ? source.size : source === null && /^(POST|PUT|PATCH)$/.test(method) ? 0 : undefined;
    const { status, fields, receive } = await send(url, method, headers, source, headers.has('content-length') ? undefined : length, request.signal);
    const answered = new Headers();
    for (let index = 0; index < fields.length; index += 2) answered.append(fields[index], fields[index + 1]);
    const location = [301, 302, 303, 307, 308].includes(status) ? answered.get('location') : null;
    if (location === null || request.redirect === 'manual') {
      const isEmpty = method === 'HEAD' || [204, 205, 304].includes(status);
      const stream = isEmpty ? null : bodyOf(receive, answered.get('content-encoding'));
      return new Response(stream, { status, statusText: require('node/http').STATUS_CODES[status] ?? '', headers: answered, url: url.href, redirected: count > 0, type: 'basic' });
    }
    if (request.redirect === 'error') throw failure(new Error('unexpected redirect'));
    if (count >= REDIRECTS_MAX) throw failure(new Error('redirect count exceeded'));
    receive().cancel();
    const next = new URL(location, url);
    if (next.origin !== url.origin) for (const name of ['authorization', 'proxy-authorization', 'cookie']) headers.delete(name);
    if ((status === 303 && method !== 'HEAD') || (status <= 302 && method === 'POST')) {
      [method, source] = ['GET', null];
      for (const name of ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']) headers.delete(name);
    } else if (source !== null && !(source instanceof Uint8Array || source instanceof Blob)) throw failure(new Error('a stream cannot be sent again after a redirect'));
    url = next;
  }
}

Object.assign(exports, { fetch, Headers, Request, Response, FormData });
