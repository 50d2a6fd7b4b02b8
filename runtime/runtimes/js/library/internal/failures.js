'use strict';
// Errors as Lambda reports them.

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function text(value, otherwise) {
  try {
    return String(value);
  } catch {
    return otherwise;
  }
}

exports.describe = (error) => {
  try {
    if (isError(error)) {
      const stack = typeof error.stack === 'string' ? error.stack.split('\n') : [];
      return { errorType: text(error.name, 'Error') || 'Error', errorMessage: text(error.message, ''), trace: stack };
    }
    return { errorType: typeof error, errorMessage: text(error, `<${typeof error} without a text>`), trace: [] };
  } catch {
    return { errorType: 'handled', errorMessage: 'callback called with an error argument, but there was a problem while retrieving its fields', trace: [] };
  }
};
