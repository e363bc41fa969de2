import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureLocalS3 } from '@quarry/workers/servers/local-s3';
import { ensureLocalTemporal } from '@quarry/workers/servers/local-temporal';
import { ServerError } from '@quarry/workers/servers/server-error';
import { type ServerSettings, serverSettings } from '@quarry/workers/servers/settings';

const BUCKET = 'quarry-test';

/** How a test reaches the S3 server of its run (path-style addresses). */
export interface S3ForTests {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
}

/** A server of a test run, which ends with it. */
export interface TestServer<T> {
  readonly access: T;
  stop(): Promise<void>;
}

/** An empty QUARRY_HOME with the machine's cache of servers; `remove` when everything in it has ended. */
export async function temporaryHome(): Promise<{ settings: ServerSettings; remove(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'quarry-home-'));
  const settings = serverSettings({ ...process.env, QUARRY_HOME: home });
  return { settings, remove: () => rm(home, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Starts a real Temporal server with an empty database; `access` says where it listens. */
export async function temporalForTests(): Promise<TestServer<{ readonly address: string }>> {
  const { settings, remove } = await temporaryHome();
  const server = await ensureLocalTemporal(settings, { onLine: console.log });
  return { access: { address: server.address }, stop: () => server.stop().finally(remove) };
}

/**
 * Starts a real S3 server with one empty bucket. `undefined`, with the reason on standard error, where no
 * server can be had: then the tests that need one are skipped.
 */
export async function s3ForTests(): Promise<TestServer<S3ForTests> | undefined> {
  const { settings, remove } = await temporaryHome();
  try {
    const server = await ensureLocalS3(settings, { onLine: console.log });
    await server.createBucket(BUCKET);
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const access = { endpoint, region, accessKeyId, secretAccessKey, bucket: BUCKET };
    return { access, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    if (!(error instanceof ServerError) || error.code !== 'not-found') throw error;
    console.error(`Tests that need S3 are skipped. ${error.message}`);
    return undefined;
  }
}
