'use strict';
module.exports = {
  ...require('internal/absent').functions('worker_threads', 'a function has one thread', ['Worker', 'MessageChannel', 'BroadcastChannel', 'receiveMessageOnPort', 'moveMessagePortToContext']),
  isMainThread: true,
  isInternalThread: false,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
  SHARE_ENV: Symbol('nodejs.worker_threads.SHARE_ENV'),
  getEnvironmentData: () => undefined,
  setEnvironmentData() {},
  markAsUntransferable() {},
};
