import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ended } from '../support/ended.ts';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));

/** Runs `quarry ...args --json` in a home of its own; its result is the last line. Fails with the command's own words. */
export async function quarryCommand<T>(args: readonly string[], home: string): Promise<T> {
  const stdout = await output(process.execPath, [BIN, ...args, '--json'], { QUARRY_HOME: home });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

/** Runs a program to its end and gives what it printed. */
export async function output(
  program: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<string> {
  const env = { ...process.env, ...variables };
  const { code, stdout, stderr } = await ended(
    spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stderr.slice(-4000)}`);
}
