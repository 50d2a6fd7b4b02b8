'use strict';
const { Interface, createInterface } = require('node/readline');
module.exports = { Interface, createInterface };
