'use strict';
// Lines of the log, in Lambda's two formats.

const LEVELS = { TRACE: 5, DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40, FATAL: 50 };

let requestId;
exports.begin = (id) => {
  requestId = id;
};

const isJson = () => process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';

function isWanted(level) {
  // Without the JSON format Lambda filters nothing.
  if (!isJson()) return true;
  return LEVELS[level] >= (LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE);
}
exports.isWanted = isWanted;

function put(level, line) {
  native.write(level === 'ERROR' || level === 'FATAL' ? 2 : 1, line);
}

// Writes what a program logs: values for JSON, a text that is made if it is needed.
exports.write = (level, values, text) => {
  if (!isWanted(level)) return;
  const timestamp = new Date().toISOString();
  if (!isJson()) {
    put(level, `${timestamp}\t${requestId ?? 'undefined'}\t${level}\t${text()}\n`);
    return;
  }
  const entry = { timestamp, level, requestId };
  const [only] = values;
  if (values.length === 1 && typeof only === 'object' && only !== null && !(only instanceof Error)) entry.message = only;
  else entry.message = text();
  const error = values.find((value) => value instanceof Error);
  if (error !== undefined) {
    entry.errorType = error.name ?? 'UnknownError';
    entry.errorMessage = error.message;
    entry.stackTrace = typeof error.stack === 'string' ? error.stack.split('\n').slice(1) : [];
  }
  let line;
  try {
    line = JSON.stringify(entry);
  } catch {
    line = JSON.stringify({ ...entry, message: text() });
  }
  put(level, `${line}\n`);
};

// Writes how an invocation failed.
exports.failure = (title, told) => {
  const timestamp = new Date().toISOString();
  if (isJson()) {
    const message = { errorType: told.errorType, errorMessage: told.errorMessage, stackTrace: told.trace };
    put('ERROR', `${JSON.stringify({ timestamp, level: 'ERROR', requestId, message })}\n`);
    return;
  }
  const fields = { errorType: told.errorType, errorMessage: told.errorMessage, stack: told.trace };
  put('ERROR', `${timestamp}\t${requestId ?? 'undefined'}\tERROR\t${title} \t${JSON.stringify(fields)}\n`);
};
