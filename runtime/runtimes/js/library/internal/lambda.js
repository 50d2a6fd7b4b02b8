'use strict';
// Lambda's contract: the handler is loaded once, and called for one event after the other.

const loop = require('internal/loop');
const logs = require('internal/logs');
const { createContext, setTrace } = require('internal/context');
const streaming = require('internal/streaming');
const { describe } = require('internal/failures');

let handler;
let phase = 'init'; // What `idle` and errors that nobody caught are about
let pending; // Of the invocation that runs
let loadError; // What the module threw, which the engine rejects a promise of its own with too

function fail(kind, message, trace = []) {
  native.fail(kind, message, trace);
}

class RuntimeFailure extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// INIT

const NAME = /^([^.]*)\.(.*)$/;

function parse(spec) {
  const end = spec.lastIndexOf('/') + 1;
  const match = NAME.exec(spec.slice(end));
  if (spec.includes('..')) {
    throw new RuntimeFailure(
      'Runtime.MalformedHandlerName',
      `'${spec}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  if (match === null || match[1] === '' || match[2] === '') {
    throw new RuntimeFailure('Runtime.MalformedHandlerName', `Bad handler '${spec}': give the file without its extension, a dot and the export, as in index.handler`);
  }
  return { file: spec.slice(0, end) + match[1], path: match[2].split('.') };
}

function locate(root, file) {
  for (const extension of ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']) {
    const path = `${root}/${file}${extension}`;
    if (native.files.exists(path) && !native.files.stat(path).directory) return path;
  }
  throw new RuntimeFailure('Runtime.ImportModuleError', `Error: Cannot find module '${file}'`);
}

async function bring(path) {
  const namespace = await native.importModule(path);
  // Of a module of CommonJS its own object, to which it may add exports later.
  return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
}

// The file and line of a syntax error; the engine's columns of them are not those of the file.
function placeOf(error) {
  const place = /\(?(\/[^\s()]+:\d+)(?::\d+)?\)?/.exec(error.stack ?? '')?.[1];
  return place !== undefined && !error.message.includes(place) ? place : undefined;
}

function ofLoading(error) {
  if (error instanceof RuntimeFailure) return error;
  const missing = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_PACKAGE_IMPORT_NOT_DEFINED', 'ERR_DLOPEN_FAILED'];
  let kind;
  if (missing.includes(error?.code)) kind = 'Runtime.ImportModuleError';
  else if (error instanceof SyntaxError) kind = 'Runtime.UserCodeSyntaxError';
  else return error;
  const place = kind === 'Runtime.UserCodeSyntaxError' ? placeOf(error) : undefined;
  const failure = new RuntimeFailure(kind, `${error}${place ? ` (${place})` : ''}`);
  failure.stack = `${kind}: ${failure.message}\n${(error.stack ?? '').split('\n').slice(1).join('\n')}`.trimEnd();
  return failure;
}

function pick(exported, path, spec) {
  let found = exported;
  for (const [index, name] of path.entries()) {
    const next = found?.[name];
    found = next === undefined && index === 0 ? found?.default?.[name] : next;
  }
  if (found === undefined || found === null) {
    throw new RuntimeFailure('Runtime.HandlerNotFound', `${spec} is undefined or not exported`);
  }
  if (typeof found !== 'function') {
    throw new RuntimeFailure('Runtime.HandlerNotFound', `${spec} is not a function`);
  }
  return found;
}

async function loadHandler() {
  const spec = process.env._HANDLER ?? '';
  const { file, path } = parse(spec);
  const root = process.env.LAMBDA_TASK_ROOT ?? '/var/task';
  const exported = await bring(locate(root, file));
  handler = pick(exported, path, spec);
}

exports.start = () => {
  streaming.install();
  loadHandler().then(
    () => native.done('', null),
    (error) => {
      loadError = { error };
      const told = describe(ofLoading(error));
      logs.failure('Uncaught Exception', told);
      fail(told.errorType, told.errorMessage, told.trace);
    },
  );
};

// Invocations

exports.invoke = (text, known) => {
  phase = 'invoke';
  logs.begin(known.requestId);
  setTrace(known.trace, known.requestId);
  pending = { waits: false, answer: undefined, isPromise: false, settled: false };
  const own = pending;
  const context = createContext(known, own, finish);
  let event;
  try {
    event = text === '' ? {} : JSON.parse(text);
  } catch (error) {
    fail('Runtime.UnmarshalError', `Unable to unmarshal input: ${error.message}`);
    return;
  }
  call(own, event, context);
};

function call(own, event, context) {
  const callback = (error, answer) => {
    own.waits = context.callbackWaitsForEmptyEventLoop;
    finish(own, error ?? undefined, answer);
  };
  try {
    if (streaming.isStreaming(handler)) {
      own.isPromise = true;
      streaming.run(handler, event, context).then((output) => deliver(own, output), (error) => finish(own, error));
      return;
    }
    const result = handler(event, context, callback);
    if (typeof result?.then === 'function') {
      own.isPromise = true;
      result.then(
        (answer) => finish(own, undefined, answer),
        (error) => finish(own, error === undefined ? new Error('undefined') : error),
      );
    }
  } catch (error) {
    finish(own, error ?? new Error(String(error)));
  }
}

function finish(own, error, answer) {
  if (own.settled) return;
  own.settled = true;
  if (error !== undefined) {
    const told = describe(error);
    logs.failure('Invoke Error', told);
    own.answer = () => fail(told.errorType, told.errorMessage, told.trace);
  } else {
    own.answer = () => answerWith(answer);
  }
  if (!own.waits) own.answer();
}

function answerWith(answer) {
  let text;
  try {
    text = JSON.stringify(answer === undefined ? null : answer) ?? 'null';
  } catch (error) {
    const told = describe(new RuntimeFailure('Runtime.MarshalError', `Unable to stringify response body: ${error?.message ?? error}`));
    told.trace = [];
    logs.failure('Invoke Error', told);
    fail(told.errorType, told.errorMessage, []);
    return;
  }
  native.done(text, 'application/json');
}

function deliver(own, output) {
  if (own.settled) return;
  own.settled = true;
  native.done(output.data, output.contentType);
}

// Nothing is left that could go on.
exports.idle = () => {
  if (phase === 'init') {
    native.end('Runtime.ExitError', 'Runtime exited with error: exit status 13: the module waits at its top level for a promise that can never settle', []);
    return;
  }
  if (pending.answer !== undefined) pending.answer();
  else if (pending.isPromise) {
    const message =
      'the handler returned a promise that can never settle: no timer and no request is left that could go on; resolve or reject every promise that the handler awaits';
    logs.failure('Invoke Error', { errorType: 'Runtime.UnsettledPromise', errorMessage: message, trace: [] });
    fail('Runtime.UnsettledPromise', message);
  } else native.done('null', 'application/json');
};

// Errors that nobody caught

loop.setUncaught((error, origin, promise) => {
  const process = globalThis.process;
  if (origin === 'unhandledRejection') {
    if (loadError !== undefined && loadError.error === error) return;
    if (process.listenerCount('unhandledRejection') > 0) {
      attempt(() => process.emit('unhandledRejection', error, promise));
      return;
    }
    end('Unhandled Promise Rejection', rejection(error, promise));
  } else if (process.listenerCount('uncaughtException') > 0) {
    attempt(() => process.emit('uncaughtException', error, origin));
  } else {
    end('Uncaught Exception', describe(error));
  }
});

function attempt(run) {
  try {
    run();
  } catch (error) {
    end('Uncaught Exception', describe(error));
  }
}

function rejection(error) {
  const told = describe(error);
  return { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: error instanceof Error ? String(error) : told.errorMessage, trace: told.trace };
}

function end(title, told) {
  logs.failure(title, told);
  native.end(told.errorType, told.errorMessage, told.trace);
}
