'use strict';
module.exports = { isatty: () => false, ...require('internal/absent').functions('tty', 'there is no terminal', ['ReadStream', 'WriteStream']) };
