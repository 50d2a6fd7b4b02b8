'use strict';
require('internal/absent').refuse('domain', 'it is deprecated; use AsyncLocalStorage');
