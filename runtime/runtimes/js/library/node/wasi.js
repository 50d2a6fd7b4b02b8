'use strict';
require('internal/absent').refuse('wasi', 'the runtime is WebAssembly itself');
