/** Bytes, or text, which is written as UTF-8. */
export type Content = string | ArrayBuffer | ArrayBufferView;

/** What a keyspace, bucket or queue refused. The message is the node's. */
export class LambentError extends Error {}
/** The function was not granted this; the message says the command that grants it. */
export class NotGranted extends LambentError {}
/** There is no such object, or no keyspace, bucket or queue of that name. */
export class NotFound extends LambentError {}
/** The value is not what the change is for: another one came first, or it is no number. */
export class Conflict extends LambentError {}
/** It is more than a node takes or gives at once: 1 MiB of a value, 1,024 bytes of a key, 1,000 keys or 8,000,000 bytes in one call. */
export class TooLarge extends LambentError {}

/** The keyspace of this name. It costs nothing to make one. */
export function keyspace(name: string): Keyspace;
/** The bucket of this name. It costs nothing to make one. */
export function bucket(name: string): Bucket;
/** The queue of this name. It costs nothing to make one. */
export function queue(name: string): Queue;

/** Keys and their values. */
export class Keyspace implements AsyncIterable<string> {
  private constructor();
  readonly name: string;
  /** The value of a key; null if it has none. */
  get(key: string): Promise<Uint8Array | null>;
  getText(key: string): Promise<string | null>;
  getJson<T = unknown>(key: string): Promise<T | null>;
  /** The values of those keys that have one. */
  getMany(keys: Iterable<string>): Promise<Map<string, Uint8Array>>;
  set(key: string, value: Content): Promise<void>;
  setJson(key: string, value: unknown): Promise<void>;
  /** Gives several keys their values: all of them, or none if one is refused. */
  setMany(values: Iterable<readonly [string, Content]> | Readonly<Record<string, Content>>): Promise<void>;
  /** Deletes keys, all at once; those that are not there are no error. */
  delete(...keys: string[]): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** All keys, in order, page by page; with a prefix, all are read, and those that begin otherwise are left out. */
  keys(prefix?: string): AsyncGenerator<string, void, void>;
  [Symbol.asyncIterator](): AsyncGenerator<string, void, void>;
  /**
   * Adds to the decimal number that a key holds, 0 if it has no value; gives the sum, as a bigint
   * beyond `Number.MAX_SAFE_INTEGER`. `Conflict` if the value is no number of 64 bits.
   */
  increment(key: string, by?: number | bigint): Promise<number | bigint>;
  /** Gives a key a value if it has the value `old` still, or none if that is null; else `Conflict`. */
  swap(key: string, old: Content | null, value: Content): Promise<void>;
  /** Replaces a value by what `change` makes of it, again whenever another writer was faster; gives the new one. */
  update(key: string, change: (old: Uint8Array | null) => Content | Promise<Content>): Promise<Uint8Array>;
}

/** What is known of an object. */
export interface ObjectInfo {
  key: string;
  /** In bytes. */
  size: number;
  /** When it was written, to the second. */
  created: Date;
}

/** A part of an object: from `start` to before `end`. */
export interface Range {
  start?: number;
  end?: number;
}

/**
 * An object that is being written: it is there once `finish` was called. At most 15 are open at a time, and the next waits for one to be
 * finished or abandoned. Those that are open when the handler has answered are abandoned.
 */
export interface Writer {
  write(data: Content): Promise<void>;
  finish(): Promise<void>;
  /** Leaves nothing of what was written; does nothing after `finish`. */
  abandon(): Promise<void>;
}

/** Objects. */
export class Bucket implements AsyncIterable<string> {
  private constructor();
  readonly name: string;
  /** An object, or a part of one; `NotFound` if there is none. */
  get(key: string, range?: Range): Promise<Uint8Array>;
  getText(key: string): Promise<string>;
  /** An object, piece by piece. At most 15 are read so at a time; the next waits for one that is at its end or left. */
  stream(key: string, range?: Range): AsyncGenerator<Uint8Array, void, void>;
  /**
   * Writes an object, in place of any of that key: what is given at once, or piece by piece by an
   * iterable, such as a stream. If it fails, nothing changed.
   */
  put(key: string, content: Content | Iterable<Content> | AsyncIterable<Content>): Promise<void>;
  writer(key: string): Promise<Writer>;
  /** The size and age of an object; `NotFound` if there is none. */
  head(key: string): Promise<ObjectInfo>;
  exists(key: string): Promise<boolean>;
  /** The keys of all objects, in order, page by page; with a prefix, all are read, and those that begin otherwise are left out. */
  list(prefix?: string): AsyncGenerator<string, void, void>;
  [Symbol.asyncIterator](): AsyncGenerator<string, void, void>;
  /** Deletes objects; those that are not there are no error. */
  delete(...keys: string[]): Promise<void>;
  /** Copies an object to another key, with its metadata, in this bucket or another. It does not pass through the function. */
  copy(key: string, to: string, bucket?: string): Promise<void>;
  /** Copies an object, and then deletes it where it was. */
  move(key: string, to: string, bucket?: string): Promise<void>;
}

/** What goes with a message. */
export interface SendOptions {
  attributes?: Readonly<Record<string, string>>;
  contentType?: string;
  /** Messages of a group keep their order; a FIFO queue needs it. */
  group?: string;
  /** Of two messages with the same one within five minutes, a FIFO queue does not keep the second. */
  deduplication?: string;
}

/** Messages that are sent. */
export class Queue {
  private constructor();
  readonly name: string;
  /** Sends a message: bytes and text as they are, anything else as JSON. Once it resolves, it will not be lost. */
  send(data: unknown, options?: SendOptions): Promise<void>;
}
