import type { ExitCode } from '../command-error.ts';
import { s3Environment, superviseLocalS3 } from '../servers/local-s3.ts';
import { superviseLocalTemporal } from '../servers/local-temporal.ts';
import { waitForUi } from '../servers/temporal-health.ts';
import type { Settings } from '../settings.ts';

/** `quarry up`: the local Temporal server with its Web UI, and a local S3 server, until Ctrl-C. */
export async function up({ s3 }: { readonly s3?: boolean }, settings: Settings): Promise<ExitCode> {
  const onLine = (line: string): void => console.error(line);
  let onLost: (error: Error) => void = () => {};
  const ended = new Promise<ExitCode>((resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0));
    onLost = reject;
  });
  const servers: { stop(): Promise<void> }[] = [];
  try {
    const temporal = await superviseLocalTemporal(settings, { onLine, onLost });
    servers.push(temporal);
    await waitForUi(temporal.uiAddress);
    console.log(`Temporal UI  ${temporal.uiAddress}`);
    console.log(`Temporal     TEMPORAL_ADDRESS=${temporal.address}   (quarry mine finds it without)`);
    if (s3) {
      const server = await superviseLocalS3(settings, { onLine, onLost });
      servers.push(server);
      const variables = Object.entries(s3Environment(server)).map(([name, value]) => `${name}=${value}`);
      console.log(`S3           export ${variables.join(' ')}`);
      await server.createBucket('quarry');
      console.log('             bucket s3://quarry');
    }
    console.log('Ctrl-C ends it; runs stay in the database.');
    return await ended;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
