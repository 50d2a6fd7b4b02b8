'use strict';
// The README's code runs as it is written.

const assert = require('node:assert');
const test = require('node:test');
const { mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { events, memory } = require('lambent/testing');

const GRANTS = [
  'keyspace:todo=read-write', 'keyspace:sizes=write', 'bucket:photos=read-write', 'queue:jobs=write',
  'queue:orders.fifo=write', 'queue:resized=write',
];

test('the code of the README', async () => {
  const blocks = [...readFileSync(join(__dirname, '../README.md'), 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  assert.ok(blocks.length >= 5);
  const folder = mkdtempSync(join(tmpdir(), 'lambent-readme-'));
  try {
    // Where `import` looks, which does not know NODE_PATH.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(dirname(require.resolve('lambent/package.json')), join(folder, 'node_modules/lambent'));
    for (const [number, block] of blocks.entries()) {
      const file = join(folder, `${number}.mjs`);
      writeFileSync(file, block);
      await memory(...GRANTS).run(async (node) => {
        const { handler } = await import(pathToFileURL(file));
        if (handler === undefined) return;
        await node.bucket('photos').put('cat.jpg', 'three');
        await handler(events.objectCreated('photos', 'cat.jpg', { size: 5 }));
        assert.deepStrictEqual(node.sent('resized').map(({ json }) => json), [{ key: 'cat.jpg', bytes: 5 }]);
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
