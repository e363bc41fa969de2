import { prepareMiningRun } from '/work/main/test/unit/mining/mining-run.ts';
import { filter } from '@quarry/activities/stages/filter';
import { scoreOwners } from '@quarry/activities/stages/score-owners';
import { cluster } from '@quarry/activities/stages/cluster';
import { clusterKey, filterKey } from '@quarry/activities/stages/keys';
import { readDone } from '@quarry/activities/stages/unit';
const Q = Number(process.env.Q ?? 50000), K = 90, DIM = 384, SHARD = Number(process.env.SHARD ?? 12500), LABELS = Number(process.env.LABELS ?? 0);
let s = 1; const r = () => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return s / 2 ** 32; };
const D = LABELS || Q;
const vectors = new Float32Array(Q * DIM);
for (let q = 0; q < Q; q++) { let n = 0; for (let i = 0; i < DIM; i++) { const x = r() - 0.5; vectors[q*DIM+i] = x; n += x*x; } n = Math.sqrt(n); for (let i = 0; i < DIM; i++) vectors[q*DIM+i]! /= n; }
const k = Math.min(K, D);
const ids = new Int32Array(Q * k), scores = new Float32Array(Q * k);
for (let q = 0; q < Q; q++) { const seen = new Set<number>([q % D]); ids[q*k] = q % D; scores[q*k]=0.9;
  for (let i = 1; i < k; i++) { let d; do { d = LABELS ? Math.floor(r()*D) : (q + Math.floor((r()-0.5) * 2000) + Q) % Q; } while (seen.has(d)); seen.add(d); ids[q*k+i] = d; scores[q*k+i] = 0.9 - i/100; } }
const all = Int32Array.from({length: Q}, (_, i) => i);
const input = { pairs: { pairQuery: all, pairDocument: all.map(q => q % D), pairRow: all, queryPairs: Int32Array.from({length: Q+1}, (_, i) => i) }, documents: D, vectors, dimension: DIM, k, ids, scores, positiveScores: new Float32Array(Q).fill(0.9), shardRows: SHARD };
const t = (n: string, at: number, cpu: NodeJS.CpuUsage) => { const c = process.cpuUsage(cpu); console.log(n, ((performance.now()-at)/1000).toFixed(2), 's wall', ((c.user+c.system)/1e6).toFixed(2), 's cpu; rss', (process.memoryUsage().rss/2**20).toFixed(0), 'MiB, peak', (process.resourceUsage().maxRSS/1024).toFixed(0)); };
{
  await using run = await prepareMiningRun({ ...input, mining: process.env.CLASS ? {classification: true} : {} });
  const shards = run.run.plan.queryShards.map((_, i) => i);
  let at = performance.now(), c = process.cpuUsage();
  for (const shard of shards) await filter(run.context, { ...run.unit, shard });
  t('filter (saha)', at, c); at = performance.now(); c = process.cpuUsage();
  if (process.env.PAR) await Promise.all(shards.map(shard => scoreOwners(run.context, { ...run.unit, shard })));
  else for (const shard of shards) await scoreOwners(run.context, { ...run.unit, shard });
  t('score-owners', at, c); at = performance.now(); c = process.cpuUsage();
  await cluster(run.context, run.unit);
  t('cluster', at, c);
  const d = await readDone(run.context, run.unit.cache, 'cluster', clusterKey(run.run));
  const { scores: _, ...f } = d.figures as any; console.log(JSON.stringify(f));
}
{
  await using run = await prepareMiningRun({ ...input, mining: { strategy: 'margin', relativeMargin: 0.05 } });
  const shards = run.run.plan.queryShards.map((_, i) => i);
  const at = performance.now(), c = process.cpuUsage();
  for (const shard of shards) await filter(run.context, { ...run.unit, shard });
  t('filter (margin)', at, c);
}
