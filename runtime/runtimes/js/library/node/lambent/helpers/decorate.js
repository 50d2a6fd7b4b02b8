'use strict';
// What TypeScript's decorators become: each is given what those below it left.

module.exports = (decorators, target, key, descriptor) => {
  // Of a class there is no key, and what is decorated is the class itself.
  const isClass = key === undefined;
  let decorated = isClass ? target : descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : descriptor;
  for (const decorator of decorators.toReversed()) {
    const changed = isClass ? decorator(decorated) : decorator(target, key, decorated);
    if (changed) decorated = changed;
  }
  if (!isClass && decorated) Object.defineProperty(target, key, decorated);
  return decorated;
};
