'use strict';
// Node's `inspect` and `format`, by the package that has them.

// The package takes all globals of the language at once, of which this engine has one not.
const lacks = globalThis.Atomics === undefined;
if (lacks) globalThis.Atomics = {};
module.exports = require('internal/inspect');
if (lacks) delete globalThis.Atomics;
