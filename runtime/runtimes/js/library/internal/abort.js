'use strict';
exports.AbortController = globalThis.AbortController;
exports.AbortSignal = globalThis.AbortSignal;
