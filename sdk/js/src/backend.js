'use strict';
// What the clients reach: the node that runs the function, or the one of a test.

const errors = require('./errors.js');

// Where the runtime has it, and a test puts its own.
const NODE = Symbol.for('lambent.node');

let made;
let from;

exports.current = () => {
  const make = globalThis.process?.[NODE];
  if (make === undefined) {
    throw new Error(
      'there is no node here: a function has one where it is deployed, and a test has one of memory() of lambent/testing until that is closed',
    );
  }
  // Errors are of this copy of the package, which may be another than the runtime's.
  if (from !== make) {
    made = make(errors);
    from = make;
  }
  return made;
};

exports.NODE = NODE;
