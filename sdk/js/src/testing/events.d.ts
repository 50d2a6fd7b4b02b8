/** When it happened; now, if nothing is given. */
type Time = Date | number | string;
interface Common {
  id?: string;
  time?: Time;
}
/** An event as a node delivers it; a test changes what it is about. */
export type Event = Record<string, any>;

/** An object was written, as S3 says it. */
export function objectCreated(bucket: string, key: string, options?: Common & { size?: number; etag?: string; sequence?: number }): Event;
/** An object was deleted, as S3 says it. */
export function objectDeleted(bucket: string, key: string, options?: Common & { sequence?: number }): Event;
/**
 * One message of a batch, as SQS has it. Bytes that are no text come in base64, other values as JSON. One of a
 * group has the digest of its body to recognise duplicates by, unless `deduplication` is another.
 */
export function message(
  queue: string,
  body: unknown,
  options?: Common & {
    attributes?: Record<string, string>;
    group?: string;
    deduplication?: string;
    sequence?: number;
    receives?: number;
    receipt?: string;
    firstReceived?: Time;
  },
): Event;
/** Messages of `message`, as a function gets them. */
export function batch(messages: Iterable<Event>): Event;
/** Messages of a queue with these bodies, each with an id of its own. */
export function messages(queue: string, bodies: Iterable<unknown>): Event;
/** A key was set, as a DynamoDB stream says it: an item `key` with a `value`. */
export function keySet(keyspace: string, key: string, value: string | Uint8Array, options?: Common & { old?: string | Uint8Array; revision?: number }): Event;
/** A key was deleted, or its time to live was over. */
export function keyDeleted(keyspace: string, key: string, old: string | Uint8Array, options?: Common & { revision?: number; expired?: boolean }): Event;
/** A schedule fired: its input, if it has one, else what EventBridge says. */
export function scheduled(schedule: string, options?: { input?: any; time?: Time }): any;
/** A request with a path and a query, as function URLs and HTTP APIs of the format 2.0 have it. */
export function http(
  method: string,
  path?: string,
  options?: Common & { body?: string | Uint8Array; headers?: Record<string, string>; cookies?: string[] },
): Event;
