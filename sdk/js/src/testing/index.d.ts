import { Bucket, Content, Keyspace } from '../index.js';
import * as events from './events.js';

export { events };

/** A message that was sent to a queue. */
export interface Sent {
  readonly body: Uint8Array;
  readonly contentType?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly group?: string;
  readonly deduplication?: string;
  /** The body as text. */
  readonly text: string;
  /** The body as JSON. */
  readonly json: any;
}

/** Keyspaces, buckets and queues in memory, and what the function was granted of them. */
export interface MemoryNode {
  /** Grants something, and creates what is not there: `keyspace:todo=read-write`. */
  grant(...grants: string[]): void;
  /** Creates what the function is not granted: `keyspace:theirs`. */
  create(...resources: string[]): void;
  /** Deletes a resource with what is in it; what was granted of it stays granted. */
  delete(...resources: string[]): void;
  /** A keyspace as its owner reaches it, whatever was granted. */
  keyspace(name: string): Keyspace;
  /** A bucket as its owner reaches it, whatever was granted. */
  bucket(name: string): Bucket;
  /** The messages that were sent to a queue, the oldest first. */
  sent(queue: string): Sent[];
  /** Runs a test, and then closes the node. */
  run<T>(test: (node: MemoryNode) => T | Promise<T>): Promise<T>;
  /** The clients reach it no longer. */
  close(): void;
}

/**
 * A node in memory, which the clients reach until it is closed. Its function is granted this and
 * nothing else: `memory('queue:jobs=write', { name: 'shop' })`.
 */
export function memory(...grants: Array<string | { name?: string }>): MemoryNode;

export type { Content };
