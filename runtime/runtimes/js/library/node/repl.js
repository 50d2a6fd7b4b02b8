'use strict';
require('internal/absent').refuse('repl', 'there is no terminal');
