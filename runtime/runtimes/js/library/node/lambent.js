module.exports = require('lambent/index');
