'use strict';
require('internal/absent').refuse('sqlite', 'use a keyspace or bucket, or a database with an HTTP API');
