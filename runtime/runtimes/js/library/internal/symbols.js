'use strict';
// The symbols by which `using` gives back what it took: the engine has no `using`, and what compiles it away asks for them.

exports.install = () => {
  for (const name of ['dispose', 'asyncDispose']) {
    Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`), writable: false, enumerable: false, configurable: false });
  }
};
