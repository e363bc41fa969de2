import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createPool } from '@quarry/activities/pool/pool';
import { report } from '@quarry/activities/stages/report';
import { openStore } from '@quarry/activities/storage/open-store';

/** `build-report.ts CACHE RUN`: runs the stage `report` and prints what it cost. */
const [cache, run] = process.argv.slice(2) as [string, string];
const pool = createPool({ threads: 1 });
const scratch = await mkdtemp(join(tmpdir(), 'quarry-build-report-'));
const before = { cpu: process.cpuUsage(), wall: performance.now(), rss: process.resourceUsage().maxRSS };
const { report: written, funnel } = await report(
  { openStore, scratch, pool, threads: 1, signal: new AbortController().signal, progress: () => {} },
  { cache, run, execution: { startedAt: '', stages: {}, busySeconds: 0 } },
);
const { user, system } = process.cpuUsage(before.cpu);
const size = async (name: string): Promise<number> =>
  (await stat(fileURLToPath(written.uri.replace(/report\.json$/, name)))).size;
console.log(
  JSON.stringify({
    candidates: funnel.candidates,
    htmlBytes: await size('report.html'),
    jsonBytes: await size('report.json'),
    wallSeconds: (performance.now() - before.wall) / 1000,
    cpuSeconds: (user + system) / 1e6,
    runtimeMiB: Math.round(before.rss / 1024),
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
await pool.close();
await rm(scratch, { recursive: true });
