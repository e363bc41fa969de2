import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));

/** What one `quarry` command, a single process, cost. */
export interface WatchedCommand {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Peak of its resident memory. */
  readonly peakMiB: number;
  /** Last line of its standard output. */
  readonly result: unknown;
}

/** Runs `quarry ...args --json` and samples it from /proc ten times a second (Linux only). */
export async function watchedCommand(args: readonly string[], home: string): Promise<WatchedCommand> {
  const started = performance.now();
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    env: { ...process.env, QUARRY_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let cpuSeconds = 0;
  let peakMiB = 0;
  const sample = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakMiB = Math.max(peakMiB, Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024));
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // it ended between two looks
    }
  }, 100);
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(sample);
  if (code !== 0) throw new Error(`quarry ${args.join(' ')} ended with ${code}`);
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, cpuSeconds, peakMiB, result: JSON.parse(stdout.trim().split('\n').at(-1)!) };
}
