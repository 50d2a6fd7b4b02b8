// A request's id in every line of the log, by AsyncLocalStorage, over concurrent work.
const { AsyncLocalStorage } = require("node:async_hooks");
const { EventEmitter, once } = require("node:events");

const storage = new AsyncLocalStorage();
const lines = [];
const log = (text) => lines.push(`${storage.getStore()?.id ?? "-"} ${text}`);

async function work(id, milliseconds) {
  return storage.run({ id }, async () => {
    log("begins");
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit("ready", id));
    await once(emitter, "ready");
    log("ends");
    return storage.getStore().id;
  });
}

exports.handler = async (event) => {
  lines.length = 0;
  const ids = await Promise.all(event.jobs.map(([id, wait]) => work(id, wait)));
  log("outside");
  return { ids, lines };
};
