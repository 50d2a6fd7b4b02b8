'use strict';
// The context that handlers get.

function parse(value, name) {
  if (!value) return undefined;
  try {
    return JSON.parse(value.trimStart().startsWith('{') ? value : atob(value));
  } catch (error) {
    throw new Error(`Unable to parse ${name}: ${error.message}`);
  }
}

function arnOf(known, region) {
  const qualifier = known.alias ?? known.version;
  const arn = `arn:aws:lambda:${region}:000000000000:function:${known.function}`;
  return qualifier === '$LATEST' ? arn : `${arn}:${qualifier}`;
}

// Sets what the node did not: it is the same for all invocations of an instance.
let isComplete = false;
function completeEnvironment(known) {
  const { env } = process;
  env.AWS_LAMBDA_FUNCTION_NAME ??= known.function;
  env.AWS_LAMBDA_FUNCTION_VERSION ??= known.version;
  env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ??= String(known.memory);
  env.AWS_LAMBDA_LOG_GROUP_NAME ??= `/aws/lambda/${known.function}`;
  env.AWS_LAMBDA_LOG_STREAM_NAME ??= `[${known.version}]`;
  isComplete = true;
}

exports.createContext = (known, own, finish) => {
  if (!isComplete) completeEnvironment(known);
  const { env } = process;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(known.client, 'the client context'),
    identity: parse(known.identity, 'the Cognito identity'),
    invokedFunctionArn: known.arn ?? arnOf(known, env.AWS_REGION ?? 'us-east-1'),
    awsRequestId: known.requestId,
    ...(known.tenant ? { tenantId: known.tenant } : {}),
    getRemainingTimeInMillis: () => native.remainingTime(),
    done: (error, answer) => finish(own, error ?? undefined, answer),
    succeed: (answer) => finish(own, undefined, answer),
    fail: (error) => finish(own, error === undefined || error === null ? 'handled' : error),
  };
};

// Puts the trace that an invocation belongs to where X-Ray's libraries look for it.
exports.setTrace = (parent, requestId) => {
  const parts = parent ? parent.split('-') : [];
  if (parts.length === 4 && parts[1].length === 32) {
    const [, trace, span, flags] = parts;
    const sampled = Number.parseInt(flags, 16) & 1;
    process.env._X_AMZN_TRACE_ID = `Root=1-${trace.slice(0, 8)}-${trace.slice(8)};Parent=${span};Sampled=${sampled}`;
  } else {
    // One of its own, which nobody records.
    const own = requestId.replaceAll('-', '');
    const time = Math.floor(Date.now() / 1000).toString(16).padStart(8, '0');
    process.env._X_AMZN_TRACE_ID = `Root=1-${time}-${own.slice(8)};Parent=${own.slice(16)};Sampled=0`;
  }
};
