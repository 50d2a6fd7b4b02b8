'use strict';
// Programs run in the one context that there is.

class Script {
  #source;
  constructor(source) {
    this.#source = String(source);
  }
  runInThisContext() {
    return (0, eval)(this.#source);
  }
}

module.exports = {
  ...require('internal/absent').functions('vm', 'there is one context; use vm.runInThisContext', ['createContext', 'runInContext', 'runInNewContext', 'SourceTextModule', 'compileFunction']),
  Script,
  runInThisContext: (source) => new Script(source).runInThisContext(),
  isContext: () => false,
};
