import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Store } from '@quarry/activities/storage/store';

/**
 * The real stores, of which nothing is changed: what is written goes to a local directory, and is found there first. By
 * it `quarry plan` runs the real plan stage and leaves no trace.
 */
export function overlayStores(openStore: (uri: string) => Store, directory: string): (uri: string) => Store {
  const root = pathToFileURL(directory).href;
  const written = new Set<string>();
  const placeOf = (uri: string): string => `${root}/${createHash('sha256').update(uri).digest('hex')}`;
  const local = openStore(root);
  return (opened) => {
    const real = openStore(opened);
    const [at, place] = [
      (uri: string): Store => (written.has(uri) ? local : real),
      (uri: string): string => (written.has(uri) ? placeOf(uri) : uri),
    ];
    return {
      read: (uri) => at(uri).read(place(uri)),
      readIfPresent: (uri) => at(uri).readIfPresent(place(uri)),
      readRange: (uri, start, end) => at(uri).readRange(place(uri), start, end),
      size: (uri) => at(uri).size(place(uri)),
      version: (uri) => at(uri).version(place(uri)),
      localCopy: (uri, scratch) => at(uri).localCopy(place(uri), scratch),
      write: async (uri, bytes) => {
        await local.write(placeOf(uri), bytes);
        written.add(uri);
      },
      writeIfAbsent: async (uri, bytes) => {
        if (written.has(uri) || (await real.size(uri)) !== null) return false;
        await local.write(placeOf(uri), bytes);
        written.add(uri);
        return true;
      },
      putFile: async (path, uri) => {
        await local.putFile(path, placeOf(uri));
        written.add(uri);
      },
      list: (prefix) => real.list(prefix),
      remove: async (uri) => {
        throw new Error(`${uri}: a plan removes nothing`);
      },
    };
  };
}
