'use strict';
// Says whether an event that a node delivered is what `lambent/testing` makes.

const { isDeepStrictEqual } = require('node:util');
const { keyspace } = require('lambent');
const { events } = require('lambent/testing');

exports.handler = async (event) => {
  const [kind, made] = makes(event);
  const same = isDeepStrictEqual(made, event);
  const answer = same ? { kind, same } : { kind, same, delivered: event, made };
  await keyspace('compared').setJson(kind, answer);
  return answer;
};

function makes(event) {
  if (event.source === 'aws.events') return ['schedule', events.scheduled('nightly', { time: event.time })];
  if (event.Records === undefined) return ['http', http(event)];
  const [record] = event.Records;
  if (record.eventSource === 'aws:sqs') return ['queue', events.batch(event.Records.map(message))];
  return [record.eventName, record.eventSource === 'aws:s3' ? object(record) : key(record)];
}

function object(record) {
  const common = { id: record.responseElements['x-amz-id-2'], time: record.eventTime };
  if (record.eventName === 'ObjectRemoved:Delete') return events.objectDeleted('photos', 'a b/ç~(1).jpg', common);
  return events.objectCreated('photos', 'a b/ç~(1).jpg', { size: 1024, etag: record.s3.object.eTag, ...common });
}

function key(record) {
  const common = { id: record.eventID, time: record.dynamodb.ApproximateCreationDateTime * 1000 };
  if (record.eventName === 'REMOVE') return events.keyDeleted('users', '7', '\u0001"☕', common);
  const old = record.eventName === 'MODIFY' ? 'before' : undefined;
  return events.keySet('users', '7', 'new ☕', { old, ...common });
}

function message({ body, messageId, receiptHandle, attributes }) {
  return events.message('compared.fifo', body === 'AP8=' ? Uint8Array.of(0, 255) : '{"n": 1}', {
    group: 'g',
    attributes: { tenant: 't1' },
    id: messageId,
    sequence: Number(attributes.SequenceNumber),
    receives: Number(attributes.ApproximateReceiveCount),
    receipt: receiptHandle,
    time: Number(attributes.SentTimestamp),
    firstReceived: Number(attributes.ApproximateFirstReceiveTimestamp),
  });
}

function http({ requestContext, body, isBase64Encoded, headers }) {
  return events.http(requestContext.http.method, '/a/b?x=1&y=%C3%A7&x=2&z', {
    body: body !== undefined && isBase64Encoded ? Buffer.from(body, 'base64') : body,
    headers,
    cookies: ['one=1', 'two=2'],
    id: requestContext.requestId,
    time: requestContext.timeEpoch,
  });
}
