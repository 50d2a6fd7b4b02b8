'use strict';

const channels = new Map();

class Channel {
  #subscribers = [];
  constructor(name) {
    this.name = name;
  }
  get hasSubscribers() {
    return this.#subscribers.length > 0;
  }
  subscribe(subscriber) {
    this.#subscribers = [...this.#subscribers, subscriber];
  }
  unsubscribe(subscriber) {
    const had = this.#subscribers.includes(subscriber);
    this.#subscribers = this.#subscribers.filter((one) => one !== subscriber);
    return had;
  }
  publish(message) {
    for (const subscriber of this.#subscribers) subscriber(message, this.name);
  }
  runStores(message, run, self, ...all) {
    this.publish(message);
    return Reflect.apply(run, self, all);
  }
}

function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const PHASES = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

class TracingChannel {
  constructor(name) {
    for (const phase of PHASES) this[phase] = typeof name === 'string' ? channel(`tracing:${name}:${phase}`) : name[phase];
  }
  get hasSubscribers() {
    return PHASES.some((phase) => this[phase].hasSubscribers);
  }
  subscribe(handlers) {
    for (const phase of PHASES) if (handlers[phase]) this[phase].subscribe(handlers[phase]);
  }
  unsubscribe(handlers) {
    for (const phase of PHASES) if (handlers[phase]) this[phase].unsubscribe(handlers[phase]);
  }
  traceSync(run, context = {}, self, ...all) {
    this.start.publish(context);
    try {
      context.result = Reflect.apply(run, self, all);
      return context.result;
    } catch (error) {
      context.error = error;
      this.error.publish(context);
      throw error;
    } finally {
      this.end.publish(context);
    }
  }
  tracePromise(run, context = {}, self, ...all) {
    const told = (name, value) => {
      context[name] = value;
      if (name === 'error') this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    return Promise.resolve(this.traceSync(run, context, self, ...all)).then(
      (value) => {
        told('result', value);
        return value;
      },
      (error) => {
        told('error', error);
        throw error;
      },
    );
  }
}

module.exports = {
  channel,
  Channel,
  TracingChannel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, subscriber) => channel(name).subscribe(subscriber),
  unsubscribe: (name, subscriber) => channel(name).unsubscribe(subscriber),
  tracingChannel: (name) => new TracingChannel(name),
};
