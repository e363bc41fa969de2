import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureLocalServer, type LocalServer, type LocalServerKind } from './local-server.ts';
import { ServerError } from './server-error.ts';
import type { OnLine, ServerSettings } from './settings.ts';
import { type SuperviseOptions, superviseLocalServer } from './supervise-local-server.ts';

const REGION = 'us-east-1';
const ACCESS_KEY_ID = 'quarry';
/** The subset of bucket names that S3 and file systems both take. */
const BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** This user's local S3 server. */
export interface LocalS3 {
  /** `http://127.0.0.1:PORT`; clients use path-style addresses. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly pid: number;
  readonly startedByUs: boolean;
  /** Makes a bucket where it is not there yet. */
  createBucket(name: string): Promise<void>;
  /** Ends the server where we started it; else does nothing. */
  stop(): Promise<void>;
}

/**
 * Uses the S3 server that runs for this user, or starts it: versitygw on loopback only, its buckets being
 * the folders in `QUARRY_HOME/s3`. A server started here ends with this process, however that ends.
 */
export async function ensureLocalS3(
  settings: ServerSettings,
  options: { readonly onLine?: OnLine } = {},
): Promise<LocalS3> {
  return described(await ensureLocalServer(s3Kind(settings), settings, options), settings);
}

/** Like `ensureLocalS3`, and keeps it running until `stop()`, as `superviseLocalTemporal` does. */
export async function superviseLocalS3(
  settings: ServerSettings,
  options: SuperviseOptions,
): Promise<LocalS3> {
  const supervised = await superviseLocalServer(s3Kind(settings), settings, options);
  return { ...described(supervised.current(), settings), stop: supervised.stop };
}

/** The environment that makes AWS clients, and so Quarry, use this server. */
export function s3Environment(server: LocalS3): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: server.region,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

function described(server: LocalServer, settings: ServerSettings): LocalS3 {
  const { pid, startedByUs, stop } = server;
  const createBucket = async (name: string): Promise<void> => {
    if (!BUCKET.test(name))
      throw new ServerError('start-failed', `"${name}" is no bucket name: take 3 to 63 of a-z, 0-9 and -`);
    await mkdir(join(folderOf(settings), name), { recursive: true });
  };
  return { ...access(server.ports, settings), pid, startedByUs, createBucket, stop };
}

function s3Kind(settings: ServerSettings): LocalServerKind {
  const folder = folderOf(settings);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { secretAccessKey } = access([], settings);
  return {
    name: 's3',
    ports: 1,
    mark: folder,
    args: ([port]) => [
      ...['--port', `127.0.0.1:${port}`, '--region', REGION, '--health', '/health', '--quiet'],
      ...['posix', folder],
    ],
    env: () => ({ ...settings.env, ROOT_ACCESS_KEY: ACCESS_KEY_ID, ROOT_SECRET_KEY: secretAccessKey }),
    facts: (ports) => access(ports, settings),
    answers: async ([port]) =>
      fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1_000) }).then(
        (response) => response.ok,
        () => false,
      ),
  };
}

function folderOf(settings: ServerSettings): string {
  return join(settings.home, 's3');
}

function access(
  ports: readonly number[],
  settings: ServerSettings,
): Pick<LocalS3, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'> {
  const endpoint = `http://127.0.0.1:${ports[0]}`;
  return { endpoint, region: REGION, accessKeyId: ACCESS_KEY_ID, secretAccessKey: secret(settings) };
}

/** One secret per user, drawn when it is first needed and readable by that user alone. */
function secret(settings: ServerSettings): string {
  const path = join(settings.home, 's3-secret');
  try {
    writeFileSync(path, randomBytes(24).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}
