import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { HubAccess } from '@quarry/activities/hub/hub-reference';
import type { ServerSettings } from './servers/settings.ts';

/** What the environment says: read here and nowhere else, once, and passed on as a value. */
export interface Settings extends ServerSettings {
  /** Whether the environment allows colours (`NO_COLOR`, https://no-color.org). */
  readonly color: boolean;
  /** `QUARRY_LOG`: how much the workers log. */
  readonly logLevel: LogLevel;
  /** `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`: how the Hugging Face hub is reached. */
  readonly hub: HubAccess;
  /** Where relative paths on the command line begin. */
  readonly directory: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The settings of this process. */
export function readSettings(): Settings {
  // Node 20 is supported here; that the AWS SDK will ask for more next year helps no one who mines.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return settingsFrom(process.env, process.cwd());
}

/** The settings that an environment means: `QUARRY_HOME`, `QUARRY_CACHE`, `QUARRY_LOG`, `NO_COLOR`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`. */
export function settingsFrom(env: Readonly<Record<string, string | undefined>>, directory: string): Settings {
  return {
    home: resolve(directory, env.QUARRY_HOME || join(homedir(), '.quarry')),
    cache: resolve(directory, env.QUARRY_CACHE || join(homedir(), '.cache', 'quarry')),
    env,
    color: !env.NO_COLOR,
    logLevel: LOG_LEVELS.find((level) => level === env.QUARRY_LOG) ?? 'info',
    hub: {
      endpoint: env.HF_ENDPOINT?.replace(/\/+$/, '') || undefined,
      token: env.HF_TOKEN || undefined,
      offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    },
    directory,
  };
}
