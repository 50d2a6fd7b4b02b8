'use strict';
// What is done when an invocation has ended.

const all = [];

exports.add = (work) => void all.push(work);

exports.run = () => {
  for (const work of all) work();
};
