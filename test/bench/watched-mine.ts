import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ended } from '../support/ended.ts';
import { processesBelow } from '../support/processes.ts';

const BIN = fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));

/** What one `quarry mine --json` cost, seen from outside. */
export interface Watched {
  readonly wallSeconds: number;
  /** By process: its role, CPU seconds, and the peak of its resident memory in MiB. */
  readonly processes: Record<string, { cpuSeconds: number; peakMiB: number }>;
  readonly result: {
    readonly stages: Record<string, { units: number; computed: number; seconds: number }>;
    readonly overhead: {
      readonly seconds: number;
      readonly busySeconds: number;
      readonly serverStart: number;
      readonly workersReady: number;
    };
    readonly output: string;
  };
}

/** Runs the job in its own home and samples its process tree from /proc ten times a second (Linux only). */
export async function watchedMine(
  job: string,
  home: string,
  flags: readonly string[] = [],
): Promise<Watched> {
  const started = performance.now();
  const env = { ...process.env, QUARRY_HOME: home };
  const child = spawn(process.execPath, [BIN, 'mine', job, '--json', ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const processes: Watched['processes'] = {};
  const sample = setInterval(() => {
    for (const pid of [child.pid!, ...processesBelow(child.pid!, [])]) look(pid, processes);
  }, 100);
  const { code, stdout, stderr } = await ended(child);
  clearInterval(sample);
  if (code !== 0) throw new Error(`quarry mine ${job} ended with ${code}:\n${stderr}`);
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, processes, result: JSON.parse(stdout.trim().split('\n').at(-1)!) };
}

function look(pid: number, processes: Watched['processes']): void {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
    const role =
      /--role (\S+)/.exec(command)?.[1] ??
      (command.includes('start-dev') ? 'temporal' : command.includes(' mine ') ? 'command' : null);
    if (!role) return;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
    processes[role] = { cpuSeconds, peakMiB: Math.max(Math.round(peakMiB), processes[role]?.peakMiB ?? 0) };
  } catch {
    // the process ended between two looks
  }
}
