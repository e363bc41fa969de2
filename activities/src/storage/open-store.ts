import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { QuarryError } from '../failures.ts';
import { createFileStore } from './file-store.ts';
import { lazyStore } from './lazy-store.ts';
import type { Store } from './store.ts';

/** Gives the store that serves a URI, by its scheme; one client per scheme and process. */
export function createOpenStore(options: { readonly s3?: S3ClientConfig } = {}): (uri: string) => Store {
  const files = createFileStore();
  let s3: Store | undefined;
  return (uri) => {
    if (uri.startsWith('file:')) return files;
    if (uri.startsWith('s3:')) {
      s3 ??= lazyStore(async () => (await import('./s3-store.ts')).createS3Store(options.s3));
      return s3;
    }
    throw new QuarryError('BadJob', `${uri}: no store for this scheme; use a path, file: or s3:`);
  };
}

/** {@link createOpenStore} with the SDKs' own settings. */
export const openStore: (uri: string) => Store = createOpenStore();
