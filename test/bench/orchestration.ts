import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shared } from '../support/shared-data.ts';
import { type Watched, watchedMine } from './watched-mine.ts';

/**
 * Orchestration: 1 - (time in which at least one stage computes) / (command start to manifest). Server start and
 * workers' start are in it, and listed. Peer: the stages' own computing time in the same run.
 */
export async function benchOrchestration(): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  try {
    const demo = fileURLToPath(new URL('../../infra/demo/demo.yaml', import.meta.url));
    const figures: Record<string, unknown> = {
      demo: overhead(await watchedMine(demo, join(directory, 'home'), ['--output', join(directory, 'demo')])),
    };
    const scifact = shared('data/scifact');
    const model = shared('data/models/all-MiniLM-L6-v2');
    if (scifact && model) {
      const job = {
        name: 'scifact',
        input: { format: 'beir', path: scifact },
        model: { kind: 'encoder', path: model },
        output: { path: 'out' },
      };
      await writeFile(join(directory, 'scifact.json'), JSON.stringify(job));
      figures.scifact = overhead(await watchedMine(join(directory, 'scifact.json'), join(directory, 'home')));
    }
    return figures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function overhead({ wallSeconds, processes, result }: Watched): Record<string, unknown> {
  const { seconds, busySeconds, serverStart, workersReady } = result.overhead;
  return {
    overhead: 1 - busySeconds / seconds,
    wallSeconds,
    seconds,
    busySeconds,
    serverStart,
    workersReady,
    processes,
  };
}
