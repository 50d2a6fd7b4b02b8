'use strict';
require('internal/absent').refuse('inspector', 'there is no debugger; write to the log');
