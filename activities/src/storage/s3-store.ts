import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { QuarryError } from '../failures.ts';
import type { Store } from './store.ts';

/** Below this size an object goes up in one put from memory, checksummed in its header; above, in parts. */
const ONE_PUT_BYTES = 8 * 1024 * 1024;
const PART_BYTES = 16 * 1024 * 1024;

/**
 * Objects in S3 or what speaks its protocol. Endpoint, region and credentials are the AWS SDK's own chain; `config`
 * overrides it. Puts are atomic by S3's word; a conditional put is `If-None-Match: *`, and a 412 that answers a put
 * that did arrive (a lost response, repeated by the SDK) is told by comparing the object with what was sent.
 */
export function createS3Store(config: S3ClientConfig = {}): Store {
  const client = new S3Client({ maxAttempts: 5, ...config });
  const fetches = new Map<string, Promise<string>>();

  const get = async (uri: string, range?: string): Promise<Uint8Array | null> => {
    try {
      const answer = await client.send(
        new GetObjectCommand({ ...place(uri), ...(range && { Range: range }) }),
      );
      return await answer.Body!.transformToByteArray();
    } catch (error) {
      if (status(error) === 404) return null;
      throw explained(error, uri);
    }
  };

  const fetchTo = async (uri: string, local: string): Promise<string> => {
    if (await stat(local).catch(() => null)) return local;
    await mkdir(dirname(local), { recursive: true });
    const temporary = `${local}.${randomUUID()}`;
    try {
      const answer = await client.send(new GetObjectCommand(place(uri)));
      await pipeline(answer.Body as Readable, createWriteStream(temporary));
      await rename(temporary, local);
      return local;
    } catch (error) {
      await rm(temporary, { force: true });
      throw status(error) === 404 ? missing(uri) : explained(error, uri);
    }
  };

  return {
    async read(uri) {
      const bytes = await get(uri);
      if (!bytes) throw missing(uri);
      return bytes;
    },
    readIfPresent: (uri) => get(uri),
    async readRange(uri, start, end) {
      if (end <= start) return new Uint8Array(0);
      const bytes = await get(uri, `bytes=${start}-${end - 1}`);
      if (!bytes) throw missing(uri);
      if (bytes.length !== end - start) {
        throw new QuarryError(
          'BadArtefact',
          `${uri}: bytes ${start} to ${end} were asked for, ${bytes.length} came`,
        );
      }
      return bytes;
    },
    async size(uri) {
      try {
        return (await client.send(new HeadObjectCommand(place(uri)))).ContentLength ?? 0;
      } catch (error) {
        if (status(error) === 404) return null;
        throw explained(error, uri);
      }
    },
    async version(uri) {
      try {
        return (await client.send(new HeadObjectCommand(place(uri)))).ETag ?? '';
      } catch (error) {
        if (status(error) === 404) return null;
        throw explained(error, uri);
      }
    },
    async write(uri, bytes) {
      await client.send(new PutObjectCommand({ ...place(uri), Body: bytes })).catch((error) => {
        throw explained(error, uri);
      });
    },
    async writeIfAbsent(uri, bytes) {
      for (let attempt = 1; ; attempt++) {
        try {
          await client.send(new PutObjectCommand({ ...place(uri), Body: bytes, IfNoneMatch: '*' }));
          return true;
        } catch (error) {
          if (status(error) === 409 && attempt < 5) continue;
          if (status(error) !== 412) throw explained(error, uri);
          return retried(error) && Buffer.compare(await this.read(uri), bytes) === 0;
        }
      }
    },
    async putFile(localPath, uri) {
      const { size } = await stat(localPath);
      if (size <= ONE_PUT_BYTES) {
        await this.write(uri, await readFile(localPath));
      } else {
        const params = { ...place(uri), Body: createReadStream(localPath, { highWaterMark: 1 << 20 }) };
        await new Upload({ client, params, partSize: PART_BYTES, queueSize: 2 }).done().catch((error) => {
          throw explained(error, uri);
        });
      }
      await rm(localPath, { force: true });
    },
    localCopy(uri, scratch) {
      const name = uri.slice(uri.lastIndexOf('/') + 1);
      const local = join(scratch, createHash('sha256').update(uri).digest('hex').slice(0, 32), name);
      let fetched = fetches.get(local);
      if (!fetched) {
        fetched = fetchTo(uri, local).finally(() => fetches.delete(local));
        fetches.set(local, fetched);
      }
      return fetched;
    },
    async *list(prefix) {
      const { Bucket, Key } = place(prefix);
      let token: string | undefined;
      do {
        const request = new ListObjectsV2Command({
          Bucket,
          Prefix: Key,
          ...(token && { ContinuationToken: token }),
        });
        const page = await client.send(request).catch((error) => {
          throw explained(error, prefix);
        });
        for (const object of page.Contents ?? [])
          yield { uri: `s3://${Bucket}/${object.Key}`, bytes: object.Size ?? 0 };
        token = page.NextContinuationToken;
      } while (token);
    },
    async remove(uri) {
      await client.send(new DeleteObjectCommand(place(uri))).catch((error) => {
        throw explained(error, uri);
      });
    },
  };
}

function place(uri: string): { Bucket: string; Key: string } {
  const match = /^s3:\/\/([^/]+)\/(.*)$/s.exec(uri);
  if (!match) throw new QuarryError('BadJob', `${uri} is no S3 URI; expected s3://bucket/key`);
  return { Bucket: match[1]!, Key: match[2]! };
}

function status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function retried(error: unknown): boolean {
  return ((error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1) > 1;
}

function missing(uri: string): QuarryError {
  return new QuarryError('BadArtefact', `${uri} does not exist`);
}

/** What cannot be mended by trying again becomes a QuarryError that says what to do; the rest stays retryable. */
function explained(error: unknown, uri: string): unknown {
  const { name, message } = error as Error;
  const { Bucket } = place(uri);
  if (name === 'NoSuchBucket')
    return new QuarryError(
      'BadJob',
      `${uri}: bucket ${Bucket} does not exist; create it or correct the URI`,
      { cause: error },
    );
  if (name === 'CredentialsProviderError')
    return new QuarryError(
      'BadJob',
      `${uri}: no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile`,
      { cause: error },
    );
  if (status(error) === 403 || name === 'XAdminUserNotFound') {
    return new QuarryError(
      'BadJob',
      `${uri}: refused (${name}: ${message}); check the credentials and their rights on bucket ${Bucket}`,
      { cause: error },
    );
  }
  if (error instanceof QuarryError) return error;
  return new Error(`${uri}: ${name}: ${message}`, { cause: error });
}
