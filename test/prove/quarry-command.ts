import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));

/** Runs `quarry ...args --json` in a home of its own; its result is the last line. Fails with the command's own words. */
export async function quarryCommand<T>(args: readonly string[], home: string): Promise<T> {
  const stdout = await output(process.execPath, [BIN, ...args, '--json'], { QUARRY_HOME: home });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

/** Runs a program to its end and gives what it printed. */
export function output(
  program: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stderr.slice(-4000)}`));
    });
  });
}
