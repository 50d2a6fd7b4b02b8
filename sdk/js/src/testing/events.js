'use strict';
// Events as a node delivers them to a function in JavaScript: those of the AWS services that its
// resources are like.

const { createHash } = require('node:crypto');

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const ID = '00000000-0000-7000-8000-000000000001';
const DIGEST = 'd41d8cd98f00b204e9800998ecf8427e';

const arn = (service, resource) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const at = (time) => (time === undefined ? new Date() : new Date(time));

// Bytes as text, if they are that.
function decoded(data) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return undefined;
  }
}
const base64 = (data) => Buffer.from(data).toString('base64');

// Objects, as S3 has them

const s3Key = (key) =>
  encodeURIComponent(key)
    .replace(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
const sequencer = (sequence) => sequence.toString(16).toUpperCase().padStart(16, '0');

function object(eventName, bucket, described, id, time) {
  const principalId = ACCOUNT;
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: REGION,
        eventTime: at(time).toISOString(),
        eventName,
        userIdentity: { principalId },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': id, 'x-amz-id-2': id },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: bucket,
          bucket: { name: bucket, ownerIdentity: { principalId }, arn: `arn:aws:s3:::${bucket}` },
          object: described,
        },
      },
    ],
  };
}

exports.objectCreated = (bucket, key, { size = 0, etag = DIGEST, sequence = 1, id = ID, time } = {}) =>
  object('ObjectCreated:Put', bucket, { key: s3Key(key), sequencer: sequencer(sequence), size, eTag: etag }, id, time);

exports.objectDeleted = (bucket, key, { sequence = 1, id = ID, time } = {}) =>
  object('ObjectRemoved:Delete', bucket, { key: s3Key(key), sequencer: sequencer(sequence) }, id, time);

// Messages, as SQS has them

function bodyText(body) {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return decoded(body) ?? base64(body);
  return JSON.stringify(body);
}

// The digest that SQS has of attributes: of names, types, and values after the number of their kind.
function md5OfAttributes(attributes) {
  const hash = createHash('md5');
  const part = (text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  for (const name of Object.keys(attributes).sort()) {
    hash.update(Buffer.concat([part(name), part('String'), Buffer.of(1), part(attributes[name])]));
  }
  return hash.digest('hex');
}

exports.message = (
  queue,
  body,
  { attributes = {}, group, deduplication, sequence = 1, receives = 1, id = ID, receipt = id, time, firstReceived } = {},
) => {
  const text = bodyText(body);
  const sent = at(time);
  const own = {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: String(sent.getTime()),
    SenderId: ACCOUNT,
    ApproximateFirstReceiveTimestamp: String(at(firstReceived ?? sent).getTime()),
  };
  if (group !== undefined) {
    const digest = () => createHash('sha256').update(body instanceof Uint8Array ? body : text).digest('hex');
    Object.assign(own, {
      MessageGroupId: group,
      SequenceNumber: String(sequence).padStart(20, '0'),
      MessageDeduplicationId: deduplication ?? digest(),
    });
  }
  const attribute = (stringValue) => ({ stringValue, stringListValues: [], binaryListValues: [], dataType: 'String' });
  return {
    messageId: id,
    receiptHandle: receipt,
    md5OfBody: createHash('md5').update(text).digest('hex'),
    body: text,
    attributes: own,
    messageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attribute(value)])),
    ...(Object.keys(attributes).length > 0 && { md5OfMessageAttributes: md5OfAttributes(attributes) }),
    eventSource: 'aws:sqs',
    eventSourceARN: arn('sqs', queue),
    awsRegion: REGION,
  };
};

exports.batch = (messages) => ({ Records: Array.from(messages) });

exports.messages = (queue, bodies) =>
  exports.batch(
    Array.from(bodies, (body, index) =>
      exports.message(queue, body, { id: `${ID.slice(0, -4)}${String(index + 1).padStart(4, '0')}`, sequence: index + 1 }),
    ),
  );

// Keys, as a DynamoDB stream has items

function value(given) {
  const text = typeof given === 'string' ? given : decoded(given);
  return text === undefined ? ['base64', base64(given)] : ['text', text];
}

function key(eventName, keyspace, name, old, fresh, { revision = 1, id = ID, time, expired = false }) {
  const change = {
    ApproximateCreationDateTime: Math.floor(at(time).getTime() / 1000),
    Keys: { key: { S: name } },
    SequenceNumber: String(revision),
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  };
  // The size is that of the node's own event.
  const told = { keyspace, key: name, revision };
  for (const [image, member, given] of [['OldImage', 'old', old], ['NewImage', 'new', fresh]]) {
    if (given === undefined || given === null) continue;
    const [kind, text] = value(given);
    change[image] = { key: { S: name }, value: { [kind === 'text' ? 'S' : 'B']: text } };
    told[member] = { [kind]: text };
  }
  change.SizeBytes = Buffer.byteLength(JSON.stringify({ ...told, expired }));
  const eventSourceARN = arn('dynamodb', `table/${keyspace}/stream/latest`);
  return {
    Records: [{ eventID: id, eventName, eventVersion: '1.1', eventSource: 'aws:dynamodb', awsRegion: REGION, dynamodb: change, eventSourceARN }],
  };
}

exports.keySet = (keyspace, name, fresh, { old, ...rest } = {}) =>
  key(old === undefined ? 'INSERT' : 'MODIFY', keyspace, name, old, fresh, rest);

exports.keyDeleted = (keyspace, name, old, options = {}) => key('REMOVE', keyspace, name, old, undefined, options);

// Schedules, as EventBridge has them

exports.scheduled = (schedule, { input, time } = {}) => {
  if (input !== undefined) return input;
  const told = typeof time === 'string' ? time : at(time).toISOString();
  return {
    version: '0',
    id: `${schedule}@${told}`,
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: told,
    region: REGION,
    resources: [arn('events', `rule/${schedule}`)],
    detail: {},
  };
};

// Requests, as function URLs and HTTP APIs of the format 2.0 have them

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const TEXTS = ['application/json', 'application/javascript', 'application/xml'];
const isText = (kind) => kind.startsWith('text/') || kind.endsWith('+json') || kind.endsWith('+xml') || TEXTS.includes(kind);

function requestContext(method, rawPath, headers, id, time) {
  const domainName = headers.host.replace(/:[^:]*$/, '');
  const [apiId] = domainName.split('.');
  const date = at(time);
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes, seconds] = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two);
  return {
    accountId: ACCOUNT,
    apiId,
    domainName,
    domainPrefix: apiId,
    http: {
      method: method.toUpperCase(),
      path: rawPath,
      protocol: 'HTTP/1.1',
      sourceIp: headers['x-forwarded-for'].split(',')[0].trim(),
      userAgent: headers['user-agent'] ?? '',
    },
    requestId: id,
    routeKey: '$default',
    stage: '$default',
    time: `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${hours}:${minutes}:${seconds} +0000`,
    timeEpoch: date.getTime(),
  };
}

exports.http = (method, path = '/', { body, headers: given = {}, cookies = [], id = ID, time } = {}) => {
  const lower = Object.fromEntries(Object.entries(given).map(([name, text]) => [name.toLowerCase(), text]));
  const headers = { host: 'localhost', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', ...lower };
  const mark = path.indexOf('?');
  const [rawPath, rawQueryString] = mark < 0 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)];
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    requestContext: requestContext(method, rawPath, headers, id, time),
    isBase64Encoded: false,
  };
  if (cookies.length > 0) event.cookies = Array.from(cookies);
  if (rawQueryString !== '') {
    const parameters = {};
    for (const [name, text] of new URLSearchParams(rawQueryString)) {
      parameters[name] = name in parameters ? `${parameters[name]},${text}` : text;
    }
    event.queryStringParameters = parameters;
  }
  if (body !== undefined && body.length > 0) {
    const data = typeof body === 'string' ? Buffer.from(body) : body;
    const kind = (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    const text = isText(kind) ? decoded(data) : undefined;
    event.body = text ?? base64(data);
    event.isBase64Encoded = text === undefined;
  }
  return event;
};
