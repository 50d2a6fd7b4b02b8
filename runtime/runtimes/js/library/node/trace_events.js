'use strict';
require('internal/absent').refuse('trace_events', 'there is no tracing');
