import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { CommandError } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import {
  configuredTemporal,
  connectClient,
  localTarget,
  runningLocalTemporal,
  type TemporalTarget,
} from '../temporal-target.ts';

/** A server that knows runs, for as long as `use` takes. */
export interface Reached {
  readonly client: Client;
  readonly target: TemporalTarget;
  /** Nothing but this command uses the server: it was started to read its database. */
  readonly startedForThis: boolean;
}

/**
 * The configured server, this user's local one, or, where that does not run but has run before, the local one started
 * for this command.
 */
export async function withServer<T>(settings: Settings, use: (reached: Reached) => Promise<T>): Promise<T> {
  const there = (await configuredTemporal(settings)) ?? (await runningLocalTemporal(settings));
  if (there) return withClient(there, false, use);
  if (!existsSync(join(settings.home, 'temporal.db')))
    throw new CommandError(
      2,
      `No Temporal server is in reach and none has run here (${settings.home}): set TEMPORAL_ADDRESS, or name a run by its directory`,
    );
  const { ensureLocalTemporal } = await import('../servers/local-temporal.ts');
  const server = await ensureLocalTemporal(settings);
  try {
    return await withClient(localTarget(server.address, server.uiAddress), server.startedByUs, use);
  } finally {
    await server.stop();
  }
}

async function withClient<T>(
  target: TemporalTarget,
  startedForThis: boolean,
  use: (reached: Reached) => Promise<T>,
): Promise<T> {
  const client = await connectClient(target);
  try {
    return await use({ client, target, startedForThis });
  } finally {
    await client.connection.close();
  }
}
