/**
 * Objects under URIs (`file:///dir/name`, `s3://bucket/key`). Every write is atomic: a reader sees the whole object or
 * none. Errors name the URI. A missing object is `null` where the type says so, else a QuarryError `BadArtefact`.
 */
export interface Store {
  /** The whole object. */
  read(uri: string): Promise<Uint8Array>;
  /** The whole object, or null where there is none. */
  readIfPresent(uri: string): Promise<Uint8Array | null>;
  /** Bytes `start` (inclusive) to `end` (exclusive). */
  readRange(uri: string, start: number, end: number): Promise<Uint8Array>;
  /** Size in bytes, or null where there is no object. */
  size(uri: string): Promise<number | null>;
  /** Changes whenever the object does; null where there is none. `file:` size and times, `s3:` the ETag. */
  version(uri: string): Promise<string | null>;
  write(uri: string, bytes: Uint8Array): Promise<void>;
  /** Conditional put: false, and nothing changed, where an object stands there already. */
  writeIfAbsent(uri: string, bytes: Uint8Array): Promise<boolean>;
  /** Puts a local file there, consuming it (`file:` renames). Streams: memory does not grow with the file. */
  putFile(localPath: string, uri: string): Promise<void>;
  /**
   * A local path with the object's content, for native readers: `file:` gives the file itself, `s3:` a copy under
   * `scratch`, fetched once and named after the URI. Only for objects that never change.
   */
  localCopy(uri: string, scratch: string): Promise<string>;
  /** Every object whose URI begins with `prefix`, in bytewise order. */
  list(prefix: string): AsyncIterable<{ readonly uri: string; readonly bytes: number }>;
  remove(uri: string): Promise<void>;
}
