'use strict';
const { functions } = require('internal/absent');
const NAMES = ['lookup', 'lookupService', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveCname', 'resolveMx', 'resolveNs', 'resolveSrv', 'resolveTxt', 'reverse', 'setServers', 'Resolver'];
const why = 'the host resolves the names of requests itself';
module.exports = { ...functions('dns', why, NAMES), getServers: () => [], promises: functions('dns.promises', why, NAMES), setDefaultResultOrder() {}, getDefaultResultOrder: () => 'verbatim' };
