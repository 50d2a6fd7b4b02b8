// Uses in instances from a snapshot what INIT opened.

import * as lambent from 'lambent';

const photos = lambent.bucket('full');
const todo = lambent.keyspace('full');
await photos.put('small', 'abc'.repeat(300_000));
const reader = photos.stream('small');
await reader.next();
const writer = await photos.writer('half');
await writer.write('x'.repeat(700_000));
await todo.set('inits', '0');
await lambent.queue('jobs').send('from INIT');

export const handler = async () => {
  await lambent.queue('jobs').send('from the handler');
  const listed = [];
  for await (const key of photos.list('small')) listed.push(key);
  return {
    // A generator that threw is at its end.
    lost: [String((await reader.next().catch((error) => error)).message ?? 'is not open'), await writer.write('x').catch((error) => error.message)],
    read: new TextDecoder().decode(await photos.get('small', { start: 0, end: 3 })),
    half: await photos.exists('half'),
    count: await todo.increment('inits'),
    listed,
  };
};
