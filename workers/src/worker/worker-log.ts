import type { Logger, LogMetadata } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import pino from 'pino';
import type { LogLevel } from '../settings.ts';

/** Every worker serves one role, so it lacks the rest. */
const BY_DESIGN = /^No (workflows|activities|Nexus services) registered/;

/**
 * Sends everything that the workers, the SDK and its native core say to one pino log, a line of JSON each, on standard
 * output (a local worker's is its log file). Once per process, before any worker.
 */
export function installWorkerLog(level: LogLevel, facts: Readonly<Record<string, unknown>>): pino.Logger {
  const log = pino(
    { level, base: { pid: process.pid, ...facts } },
    pino.destination({ dest: 1, sync: true }),
  );
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
    workerHeartbeatInterval: '15s',
  });
  return log;
}

function temporalLogger(log: pino.Logger): Logger {
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    if (!BY_DESIGN.test(message)) log[level](meta, message);
  };
  return {
    log: (level, message, meta) => write(level.toLowerCase() as LogLevel, message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}
