'use strict';
// Does what `cases.json` says with the package `lambent`, as a function on a node and in a test.

const lambent = require('lambent');

const collected = async (all) => {
  const list = [];
  for await (const one of all) list.push(one);
  return list;
};
const numbered = (prefix, count) => Array.from({ length: count }, (_, number) => prefix + String(number).padStart(4, '0'));

// What the cases call beside the methods that there are.
const own = {
  size: async (keyspace, key) => (await keyspace.get(key)).length,
  keys: (keyspace, prefix) => collected(keyspace.keys(prefix)),
  fill: (keyspace, prefix, count) => keyspace.setMany(new Map(numbered(prefix, count).map((key) => [key, '']))),
  drain: (keyspace, prefix, count) => keyspace.delete(...numbered(prefix, count)),
  count: async (keyspace, prefix) => (await collected(keyspace.keys(prefix))).length,
  update: (keyspace, key, more) => keyspace.update(key, async (old) => (old === null ? '' : new TextDecoder().decode(old)) + more),
  get: (client, key, start, end) => (client instanceof lambent.Bucket ? client.get(key, { start, end }) : client.get(key)),
  list: (bucket, prefix) => collected(bucket.list(prefix)),
  async head(bucket, key) {
    const { created, ...rest } = await bucket.head(key);
    if (Math.abs(created - Date.now()) > 3_600_000) throw new Error(`it was written at ${created}`);
    return rest;
  },
  open: async (bucket, key) => Uint8Array.from((await collected(bucket.stream(key))).flatMap((piece) => Array.from(piece))),
  async streamed(bucket, key) {
    let size = 0;
    for await (const piece of bucket.stream(key)) size += piece.length;
    return size;
  },
  async write(bucket, key, piece, count) {
    const writer = await bucket.writer(key);
    for (let number = 0; number < count; number += 1) await writer.write(piece);
    await writer.finish();
  },
  putPieces: (bucket, key, piece, count) => bucket.put(key, new Array(count).fill(piece)),
  async abandon(bucket, key, text) {
    const writer = await bucket.writer(key);
    await writer.write(text);
    await writer.abandon();
    async function* failing() {
      yield text;
      throw new RangeError('nothing more comes');
    }
    try {
      await bucket.put(key, failing());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  },
};

// Calls that are wrong in this language.
const misuses = {
  Keyspace: [
    (client) => client.get(5), (client) => client.get('\udc80'), (client) => client.set('k', null), (client) => client.set('k', 5),
    (client) => client.increment('k', '1'), (client) => client.increment('k', 1n << 63n), (client) => client.increment('k', 1.5),
    (client) => client.delete(null), (client) => client.swap(null, null, 'x'), (client) => client.exists(Uint8Array.of(1)),
    async () => lambent.keyspace(null),
  ],
  Bucket: [
    (client) => client.get(5), (client) => client.get('k', { start: -1 }), (client) => client.get('k', { end: 2 ** 64 }),
    (client) => client.put('k', 5), (client) => client.put(null, 'x'), (client) => client.put('k', [5]), (client) => client.copy('k', 5),
    (client) => client.delete('\ud800'), async () => lambent.bucket(5),
  ],
  Queue: [
    (client) => client.send(undefined), (client) => client.send(() => 1), (client) => client.send('x', { contentType: 5 }),
    (client) => client.send('x', { attributes: { n: '\ud800' } }), async () => lambent.queue(5),
  ],
};

// What was not refused of them.
own.misused = async (client) => {
  const told = await Promise.all(
    misuses[client.constructor.name].map((call) => call(client).then(() => false, (error) => error instanceof TypeError || error instanceof RangeError)),
  );
  return told.flatMap((refused, number) => (refused ? [] : [number]));
};

own.send = (queue, data, { attributes, ...options }) => {
  const many = Array.from({ length: attributes?.many ?? 0 }, (_, number) => [String(number), '']);
  return queue.send(data, { ...options, attributes: many.length > 0 ? Object.fromEntries(many) : attributes });
};

function given(argument) {
  if (argument === null || typeof argument !== 'object' || Array.isArray(argument)) return argument;
  if ('repeat' in argument) return argument.repeat[0].repeat(argument.repeat[1]);
  if ('base64' in argument) return Buffer.from(argument.base64, 'base64');
  if ('json' in argument) return argument.json;
  return Object.fromEntries(Object.entries(argument).map(([name, value]) => [name, given(value)]));
}

function told(answer) {
  if (answer instanceof Map) return Object.fromEntries(Array.from(answer, ([name, value]) => [name, told(value)]));
  if (!(answer instanceof Uint8Array)) return typeof answer === 'bigint' ? Number(answer) : answer;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(answer);
  } catch {
    return { base64: Buffer.from(answer).toString('base64') };
  }
}

// An answer as text that is the same for the same, whatever the order of names.
const text = (value) =>
  JSON.stringify(value ?? null, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner,
  );

async function step(described, name) {
  const [kind, resource, method, ...args] = described.do;
  const client = lambent[kind](resource);
  const expected = described.fails === 'Error' ? 'LambentError' : described.fails;
  let answer;
  try {
    answer = told(await (own[method] ?? ((_, ...all) => client[method](...all)))(client, ...args.map(given)));
  } catch (error) {
    if (!(error instanceof lambent.LambentError)) throw error;
    const says = (described.says ?? '').replaceAll('{function}', name);
    if (error.name === expected && error.message.includes(says)) return undefined;
    return `${error}, not ${expected}: ${says}`;
  }
  if (expected !== undefined) return `it gave ${text(answer).slice(0, 200)}, and should fail with ${expected}`;
  if ('gives' in described && text(answer) !== text(described.gives)) return `it gave ${text(answer).slice(0, 200)}, not ${text(described.gives).slice(0, 200)}`;
  return undefined;
}

// What is otherwise than the cases say.
exports.handler = async (event) => {
  const name = process.env.AWS_LAMBDA_FUNCTION_NAME;
  const wrong = [];
  for (const one of event.cases) {
    for (const [number, described] of one.steps.entries()) {
      const what = await step(described, name);
      if (what !== undefined) wrong.push(`${one.name}, step ${number + 1}, ${described.do.join(' ').slice(0, 200)}: ${what}`);
    }
  }
  return { cases: event.cases.length, wrong };
};
