import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where servers keep what they need. Read from the environment once, at the edge, and passed down. */
export interface ServerSettings {
  /** `QUARRY_HOME`: what belongs to this user's servers (records, database, logs). */
  readonly home: string;
  /** `QUARRY_CACHE`: downloads and builds, keyed by hash; may be deleted at any time. */
  readonly cache: string;
  /** The environment that servers and build tools inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Takes one line of progress for a person to read. */
export type OnLine = (line: string) => void;

/** The settings that an environment means. */
export function serverSettings(env: Readonly<Record<string, string | undefined>>): ServerSettings {
  return {
    home: resolve(env.QUARRY_HOME || join(homedir(), '.quarry')),
    cache: resolve(env.QUARRY_CACHE || join(homedir(), '.cache', 'quarry')),
    env,
  };
}
