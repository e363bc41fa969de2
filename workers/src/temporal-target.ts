import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { CommandError } from './command-error.ts';
import { readServerRecord, recordIsAlive } from './servers/server-record.ts';
import type { Settings } from './settings.ts';

/** A Temporal server and how to be let in. Plain data: it is handed to child processes. */
export interface TemporalTarget {
  readonly connection: {
    readonly address?: string;
    readonly tls?: unknown;
    readonly apiKey?: string;
    readonly metadata?: Record<string, string>;
  };
  readonly namespace: string;
  /** Address of the Web UI, without a trailing slash; null where nobody told. */
  readonly uiAddress: string | null;
}

/**
 * The server that the environment or Temporal's profile file names (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, ...), null
 * where neither does. Throws a CommandError where the profile is not usable.
 */
export async function configuredTemporal(settings: Settings): Promise<TemporalTarget | null> {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const given = Object.entries(settings.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    const config = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
    const { connectionOptions, namespace = 'default' } = config;
    if (!connectionOptions.address) return null;
    const connection = connectionOptions as TemporalTarget['connection'];
    return { connection, namespace, uiAddress: await uiOf(connectionOptions.address, settings) };
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(
      2,
      `Temporal's settings are not usable: ${message}; look at TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE`,
    );
  }
}

/** A server at this address that asks for nothing. */
export function localTarget(address: string, uiAddress: string | null): TemporalTarget {
  return { connection: { address, tls: false }, namespace: 'default', uiAddress };
}

/** This user's local server where it runs, without starting it. */
export async function runningLocalTemporal(settings: Settings): Promise<TemporalTarget | null> {
  const local = await localAddresses(settings);
  if (!local) return null;
  const { temporalAnswers } = await import('./servers/temporal-health.ts');
  return (await temporalAnswers(local.address)) ? localTarget(local.address, local.uiAddress) : null;
}

async function localAddresses({ home }: Settings): Promise<{ address: string; uiAddress: string } | null> {
  const path = join(home, 'temporal.json');
  const record = await readServerRecord(path);
  return record && recordIsAlive(record) ? JSON.parse(await readFile(path, 'utf8')) : null;
}

/** Known for this user's local server and for Temporal Cloud. */
async function uiOf(address: string, settings: Settings): Promise<string | null> {
  if (/\.(tmprl\.cloud|temporal\.io):\d+$/.test(address)) return 'https://cloud.temporal.io';
  const local = await localAddresses(settings);
  return local?.address === address ? local.uiAddress : null;
}

/** A client; the caller closes its connection. Throws a CommandError where no server answers. */
export async function connectClient(target: TemporalTarget): Promise<Client> {
  const { Client, Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect(
      target.connection as Parameters<typeof Connection.connect>[0],
    );
    return new Client({ connection, namespace: target.namespace });
  } catch (error) {
    throw new CommandError(
      2,
      `No Temporal server answers at ${target.connection.address} (${(error as Error).message}); start one there, or unset TEMPORAL_ADDRESS: then a local one is started`,
      { cause: error },
    );
  }
}

/** Where a person sees a workflow. */
export function workflowLink({ uiAddress, namespace }: TemporalTarget, workflowId: string): string | null {
  return uiAddress && `${uiAddress}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
}
