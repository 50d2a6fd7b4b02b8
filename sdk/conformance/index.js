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
  fill: (keyspace, prefix, count, size = 0) => keyspace.setMany(new Map(numbered(prefix, count).map((key) => [key, 'v'.repeat(size)]))),
  sizes: async (keyspace, prefix, count) =>
    Array.from(await keyspace.getMany(numbered(prefix, count)), ([, value]) => value.length).reduce((sum, size) => sum + size, 0),
  isText: (keyspace, key) => keyspace.getText(key).then(() => true, () => false),
  async throughJson(keyspace, key, value) {
    if (value !== null) await keyspace.setJson(key, value);
    return keyspace.getJson(key);
  },
  updateInPlace(keyspace, key, text) {
    let calls = 0;
    return keyspace.update(key, (old) => {
      calls += 1;
      if (calls > 3) throw new Error('nobody else writes it, and it is called again');
      old.set(new TextEncoder().encode(text));
      return old;
    });
  },
  // What changes what it was given does not change what is there.
  async changed(keyspace, key) {
    (await keyspace.get(key)).fill(0);
    (await keyspace.getMany([key])).get(key).fill(0);
  },
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

// Objects at once, of which a host has fewer open.
own.atOnce = async (bucket, prefix, count) => {
  const keys = numbered(prefix, count);
  await Promise.all(keys.map((key) => bucket.put(key, key)));
  const read = await Promise.all(keys.map((key) => bucket.getText(key)));
  const streamed = await Promise.all(keys.map((key) => own.streamed(bucket, key)));
  const pieces = keys.map((key) => bucket.put(key, [key.slice(0, 3), key.slice(3)]));
  await Promise.all(pieces);
  return keys.filter((key, number) => read[number] === key && streamed[number] === key.length).length;
};
own.copiedAtOnce = async (bucket, prefix, to, count) => {
  const other = lambent.bucket(to);
  await Promise.all(numbered(prefix, count).map((key) => other.put(key, bucket.stream(key))));
  const copied = await Promise.all(numbered(prefix, count).map((key) => other.getText(key)));
  return copied.filter((text, number) => text === numbered(prefix, count)[number]).length;
};
// One too many waits for another to be closed.
own.openMany = async (bucket, prefix, count) => {
  const opened = [];
  const all = numbered(`${prefix}x`, count).map((key) => bucket.writer(key).then((writer) => void opened.push(writer)));
  for (let turns = 0; turns < 1000; turns += 1) await null;
  const first = opened.length;
  for (let closed = 0; closed < count; closed += 1) {
    while (opened.length <= closed) await null;
    await opened[closed].abandon();
  }
  await Promise.all(all);
  return first > 1 && first < count;
};
own.deleteMany = (bucket, prefix, count) => bucket.delete(...numbered(prefix, count));
own['left early'] = async (bucket, key, text) => {
  const writer = await bucket.writer(key);
  await writer.write(text);
  await writer.finish();
  await writer.abandon();
  return true;
};
own.throughText = async (bucket, key, text) => {
  await bucket.put(key, text);
  return bucket.getText(key);
};

// Objects that nobody closes, and what they are in another invocation.
const kept = [];
own.leave = async (bucket, key, count) => {
  for (let number = 0; number < count; number += 1) {
    const reading = bucket.stream(key);
    await reading.next();
    const writer = await bucket.writer(`${key}${number}`);
    await writer.write('half');
    kept.push(() => reading.next(), () => writer.write('more'), () => writer.finish());
  }
};
own.left = async () => {
  const told = await Promise.all(kept.splice(0).map((use) => use().then(() => 'open', (error) => error.message)));
  return told.length > 0 && told.every((text) => text.includes('in an invocation that has ended'));
};

// Calls that are wrong in this language.
const misuses = {
  Keyspace: [
    (client) => client.get(5), (client) => client.get('\udc80'), (client) => client.set('k', null), (client) => client.set('k', 5),
    (client) => client.set('k', 'a\ud800'), (client) => client.setMany({ k: '\udc80b' }), (client) => client.swap('k', '\ud800', 'x'),
    (client) => client.increment('k', '1'), (client) => client.increment('k', 1n << 63n), (client) => client.increment('k', 1.5),
    (client) => client.delete(null), (client) => client.swap(null, null, 'x'), (client) => client.exists(Uint8Array.of(1)),
    async () => lambent.keyspace(null),
  ],
  Bucket: [
    (client) => client.get(5), (client) => client.get('k', { start: -1 }), (client) => client.get('k', { end: 2 ** 64 }),
    (client) => client.put('k', 5), (client) => client.put(null, 'x'), (client) => client.put('k', [5]), (client) => client.copy('k', 5),
    (client) => client.delete('\ud800'), (client) => client.put('k', '\ud800'), (client) => client.put('k', ['a', '\udfff']), async () => lambent.bucket(5),
  ],
  Queue: [
    (client) => client.send(undefined), (client) => client.send('\ud800'), (client) => client.send(() => 1), (client) => client.send('x', { contentType: 5 }),
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
  const expected = described.fails === 'Error' ? 'LambentError' : described.fails;
  let answer;
  try {
    const client = lambent[kind](given(resource));
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
      if (what !== undefined) wrong.push(`${one.name}, step ${number + 1}, ${JSON.stringify(described.do).slice(0, 200)}: ${what}`);
    }
  }
  return { cases: event.cases.length, wrong };
};
