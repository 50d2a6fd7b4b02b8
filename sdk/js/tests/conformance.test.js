'use strict';
// The node in memory does what `sdk/conformance/cases.json` says, as a node does.

const assert = require('node:assert');
const test = require('node:test');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { memory } = require('lambent/testing');

const CONFORMANCE = join(__dirname, '../../conformance');

// What does the cases, with the package that these tests have.
function handler() {
  const module = { exports: {} };
  new Function('require', 'module', 'exports', readFileSync(join(CONFORMANCE, 'index.js'), 'utf8'))(require, module, module.exports);
  return module.exports.handler;
}

// A message in the words of what is expected of it.
function described(message, expected) {
  const all = { size: message.body.length, contentType: message.contentType };
  try {
    all.body = message.text;
  } catch {
    all.body = { base64: Buffer.from(message.body).toString('base64') };
  }
  if ('json' in expected) all.json = message.json;
  if (Object.keys(message.attributes).length > 0) all.attributes = message.attributes;
  if (message.group !== undefined) all.group = message.group;
  const kept = new Set(['attributes', 'group', ...Object.keys(expected)]);
  return Object.fromEntries(Object.entries(all).filter(([name]) => kept.has(name)));
}

test('the cases', () => {
  const cases = JSON.parse(readFileSync(join(CONFORMANCE, 'cases.json'), 'utf8'));
  return memory(...cases.grants, { name: 'conformance' }).run(async (node) => {
    node.create(...cases.exist);
    node.delete(...cases.gone);
    assert.deepStrictEqual(await handler()(cases), { cases: cases.cases.length, wrong: [] });
    for (const [queue, expected] of Object.entries(cases.sent)) {
      assert.deepStrictEqual(node.sent(queue).map((message, index) => described(message, expected[index] ?? {})), expected);
    }
  });
});
