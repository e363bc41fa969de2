import type { TestProject } from 'vitest/node';
import { type S3ForTests, s3ForTests, type TestServer, temporalForTests } from './servers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Temporal server of this test run, `HOST:PORT`. */
    temporal: { readonly address: string };
    /** The S3 server of this test run; `undefined` where none can be had. */
    s3: S3ForTests | undefined;
  }
}

const running: TestServer<unknown>[] = [];

/** Starts the servers of a test run; tests reach them with `inject('temporal')` and `inject('s3')`. */
export async function setup(project: TestProject): Promise<void> {
  const temporal = await temporalForTests();
  running.push(temporal);
  project.provide('temporal', temporal.access);
  process.env.TEMPORAL_TEST_ADDRESS = temporal.access.address;
  const s3 = await s3ForTests();
  if (s3 === undefined) return;
  running.push(s3);
  project.provide('s3', s3.access);
}

/** Ends them. */
export async function teardown(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()));
}
