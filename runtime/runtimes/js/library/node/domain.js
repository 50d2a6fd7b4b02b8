'use strict';
// AWS's SDK of version 2 loads it, and looks whether one is active.
const made = require('internal/absent').functions('domain', 'it is deprecated; use AsyncLocalStorage', ['create', 'createDomain', 'Domain']);

module.exports = { ...made, active: null };
