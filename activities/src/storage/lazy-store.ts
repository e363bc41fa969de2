import type { Store } from './store.ts';

/** A store that is made when something is first asked of it: loading the AWS SDK takes a third of a command's start. */
export function lazyStore(make: () => Promise<Store>): Store {
  let made: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    made ??= make();
    return made;
  };
  return {
    read: async (uri) => (await store()).read(uri),
    readIfPresent: async (uri) => (await store()).readIfPresent(uri),
    readRange: async (uri, start, end) => (await store()).readRange(uri, start, end),
    size: async (uri) => (await store()).size(uri),
    version: async (uri) => (await store()).version(uri),
    write: async (uri, bytes) => (await store()).write(uri, bytes),
    writeIfAbsent: async (uri, bytes) => (await store()).writeIfAbsent(uri, bytes),
    putFile: async (localPath, uri) => (await store()).putFile(localPath, uri),
    localCopy: async (uri, scratch) => (await store()).localCopy(uri, scratch),
    async *list(prefix) {
      yield* (await store()).list(prefix);
    },
    remove: async (uri) => (await store()).remove(uri),
  };
}
