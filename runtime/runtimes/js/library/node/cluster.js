'use strict';
require('internal/absent').refuse('cluster', 'a function has one process');
