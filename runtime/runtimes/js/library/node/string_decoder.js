'use strict';
module.exports = require('internal/globals').llrt('string-decoder');
