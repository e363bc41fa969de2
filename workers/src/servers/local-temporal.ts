import { join } from 'node:path';
import { ensureLocalServer, type LocalServer, type LocalServerKind } from './local-server.ts';
import type { OnLine, ServerSettings } from './settings.ts';
import { type SuperviseOptions, superviseLocalServer } from './supervise-local-server.ts';
import { keepClosedRuns, temporalAnswers } from './temporal-health.ts';

/**
 * A task queue lies in one partition. With the server's default of four, units that waited in a partition which the one
 * slot of the one worker did not poll were seen to stay there after five minutes (server 1.31.2; until its restart).
 */
const ONE_PARTITION = ['matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];

/** Earlier runs stay visible in the Web UI for so long. */
const RETENTION_DAYS = 90;

/** This user's local Temporal server. */
export interface LocalTemporal {
  /** `127.0.0.1:PORT`, for clients and workers. */
  readonly address: string;
  /** `http://127.0.0.1:PORT`, for people. */
  readonly uiAddress: string;
  readonly pid: number;
  readonly startedByUs: boolean;
  /** Ends the server where we started it (SIGTERM, after 5 s SIGKILL); else does nothing. */
  stop(): Promise<void>;
}

/** A local Temporal server that is started again when it is lost. */
export interface SupervisedTemporal extends LocalTemporal {
  /** Ends supervision, and the server where this process started it last. */
  stop(): Promise<void>;
}

/**
 * Uses the Temporal server that runs for this user, or starts it: a real one, with its Web UI, on loopback
 * only, its database in `QUARRY_HOME/temporal.db`. Ready means that it serves requests; the Web UI may need
 * a moment more (`waitForUi`). A server started here ends with this process, however that ends.
 */
export async function ensureLocalTemporal(
  settings: ServerSettings,
  options: { readonly onLine?: OnLine } = {},
): Promise<LocalTemporal> {
  return described(await ensureLocalServer(temporalKind(settings), settings, options));
}

/**
 * Like `ensureLocalTemporal`, and keeps it running until `stop()`: whoever started it, when it is lost it is
 * started again at the same address with the same database, with back-off, five times. Then `onLost` hears why.
 */
export async function superviseLocalTemporal(
  settings: ServerSettings,
  options: SuperviseOptions,
): Promise<SupervisedTemporal> {
  const supervised = await superviseLocalServer(temporalKind(settings), settings, options);
  return { ...described(supervised.current()), stop: supervised.stop };
}

function described(server: LocalServer): LocalTemporal {
  const { pid, startedByUs, stop } = server;
  return { ...addresses(server.ports), pid, startedByUs, stop };
}

function addresses(ports: readonly number[]): { address: string; uiAddress: string } {
  return { address: `127.0.0.1:${ports[0]}`, uiAddress: `http://127.0.0.1:${ports[1]}` };
}

function temporalKind(settings: ServerSettings): LocalServerKind {
  const database = join(settings.home, 'temporal.db');
  return {
    name: 'temporal',
    ports: 2,
    mark: database,
    args: ([port, uiPort]) => [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--db-filename', database, '--log-level', 'warn'],
      ...['--search-attribute', 'QuarryRun=Keyword', '--search-attribute', 'QuarryStage=Keyword'],
      ...ONE_PARTITION.flatMap((setting) => ['--dynamic-config-value', setting]),
    ],
    env: () => settings.env,
    facts: addresses,
    answers: (ports) => temporalAnswers(addresses(ports).address),
    prepare: (ports) => keepClosedRuns(addresses(ports).address, RETENTION_DAYS),
  };
}
