'use strict';
// Modules that can be loaded, since much code names them without need, and whose functions say
// why they cannot do anything.

exports.functions = (module, why, names) => {
  const made = {};
  for (const name of names) {
    made[name] = Object.defineProperty(
      function () {
        throw Object.assign(new Error(`${module}.${name} is not possible: ${why}`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
      },
      'name',
      { value: name },
    );
  }
  return made;
};

exports.refuse = (module, why) => {
  throw Object.assign(new Error(`the module '${module}' is not in this runtime: ${why}`), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
};
