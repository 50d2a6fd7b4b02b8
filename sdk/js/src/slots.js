'use strict';
// Objects that are open at a time, which a host bounds: who wants one more waits until one is closed.

// Of those that are read, and of those that are written: what is written may be read meanwhile, and
// would else wait for itself. A host has 32 of both, of which one or two are for calls that do not wait.
const MOST = 15;

class Slots {
  #held = new Set();
  #waiting = [];
  // Something that is to be given back.
  async take() {
    if (this.#held.size >= MOST) return new Promise((resolve) => void this.#waiting.push(resolve));
    return this.#hold();
  }
  give(slot) {
    if (this.#held.delete(slot)) this.#waiting.shift()?.(this.#hold());
  }
  // All that are held are held no more.
  clear() {
    for (const slot of [...this.#held]) this.give(slot);
  }
  #hold() {
    const slot = {};
    this.#held.add(slot);
    return slot;
  }
}

exports.Slots = Slots;
