'use strict';
// Lines of a stream. There is no terminal.

const EventEmitter = require('node/events');

class Interface extends EventEmitter {
  #input;
  #rest = '';
  constructor({ input }) {
    super();
    this.#input = input;
    this.closed = false;
    const decoder = new TextDecoder();
    input.on('data', (piece) => this.#take(typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })));
    input.on('end', () => {
      if (this.#rest !== '') this.emit('line', this.#rest);
      this.#rest = '';
      this.close();
    });
    input.on('error', (error) => this.emit('error', error));
  }
  #take(text) {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = lines.pop();
    for (const line of lines) if (!this.closed) this.emit('line', line);
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }
  pause() {
    this.#input.pause();
    return this;
  }
  resume() {
    this.#input.resume();
    return this;
  }
  async *[Symbol.asyncIterator]() {
    for await (const [line] of EventEmitter.on(this, 'line', { close: ['close'] })) yield line;
  }
}

module.exports = {
  Interface,
  createInterface: (options) => new Interface(options.input ? options : { input: options }),
  ...require('internal/absent').functions('readline', 'there is no terminal', ['clearLine', 'clearScreenDown', 'cursorTo', 'moveCursor', 'emitKeypressEvents']),
  get promises() {
    return require('node/readline/promises');
  },
};
