import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { InputFile } from './input-file.ts';

/** Bytes read at once: with S3 one request each. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** The bytes of an input file as they lie there, a chunk at a time. */
export async function* readChunks(context: StageContext, file: InputFile): AsyncGenerator<Buffer> {
  const store = context.openStore(file.uri);
  for (let start = 0; start < file.bytes; start += CHUNK_BYTES) {
    context.signal.throwIfAborted();
    const end = Math.min(file.bytes, start + CHUNK_BYTES);
    const bytes = await store.readRange(file.uri, start, end);
    context.progress(end, file.bytes);
    yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** The bytes of an input file, unpacked where its name ends in `.gz`. */
export async function* readUnpacked(context: StageContext, file: InputFile): AsyncGenerator<Buffer> {
  if (!file.uri.endsWith('.gz')) {
    yield* readChunks(context, file);
    return;
  }
  const packed = Readable.from(readChunks(context, file), { objectMode: false });
  const unpacked = createGunzip({ chunkSize: 2 ** 20 });
  packed.on('error', (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  try {
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error;
    throw new QuarryError(
      'BadInput',
      `${file.uri} cannot be unpacked (${(error as Error).message}): it is no whole gzip file; pack it again, or name it without .gz if it is plain`,
      { cause: error },
    );
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

/** sha256 of the bytes as they lie there, hex. */
export async function hashInput(context: StageContext, file: InputFile): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readChunks(context, file)) hash.update(chunk);
  return hash.digest('hex');
}
