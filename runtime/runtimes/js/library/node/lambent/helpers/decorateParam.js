'use strict';
// What TypeScript's decorators of parameters become: decorators of the method, which know the parameter's index.

module.exports = (index, decorator) => (target, key) => decorator(target, key, index);
