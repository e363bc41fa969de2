import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quarryCommand } from './quarry-command.ts';

const JOB = fileURLToPath(new URL('../../infra/demo/images.yaml', import.meta.url));
const PROMPTS = ['none', 'user', 'system', 'hierarchical'] as const;
/** MMEB's meta-task of each drawn subset; infra/model/make_scenes.py draws them. */
const META_TASKS: Readonly<Record<string, readonly string[]>> = {
  classification: ['composition'],
  vqa: ['attribute', 'count', 'relation'],
  retrieval: ['text-to-image', 'image-to-text', 'change', 'definition'],
  grounding: ['part'],
};

type Figure = 'hit@1' | 'recall@10';
type Retrieval = Readonly<Record<string, Readonly<Record<Figure, number>> & { readonly queries: number }>>;

/**
 * The paper's ablation in miniature: four jobs on drawn scenes that differ in `model.prompt` only, zero-shot; how often
 * a query's positive is its first document, and which share of its positives is among the first ten.
 */
export async function provePrompts(args: readonly string[]): Promise<void> {
  const options = { work: { type: 'string', default: 'out/prove-prompts' } } as const;
  const work = resolve(parseArgs({ args: [...args], options }).values.work);
  const found: Retrieval[] = [];
  for (const prompt of PROMPTS) {
    const more = ['--set', `model.prompt=${prompt}`, '--output', work];
    const { manifest } = await quarryCommand<{ manifest: string }>(
      ['mine', JOB, ...more],
      join(work, 'home'),
    );
    const report = join(
      dirname(manifest.startsWith('file:') ? fileURLToPath(manifest) : manifest),
      'report.json',
    );
    found.push(JSON.parse(await readFile(report, 'utf8')).retrieval as Retrieval);
  }
  console.log(table(found));
}

function table(found: readonly Retrieval[]): string {
  const lines = [`| | queries | ${PROMPTS.join(' | ')} |`, `|---|---|${'---|'.repeat(PROMPTS.length)}`];
  const every = Object.values(META_TASKS).flat();
  for (const [task, subsets] of Object.entries(META_TASKS)) {
    for (const subset of subsets) lines.push(row(`${task}: ${subset}`, [subset], found));
    if (subsets.length > 1) lines.push(row(`**${task}**`, subsets, found));
  }
  return [
    'hit@1 / recall@10; a line of several subsets is their mean',
    '',
    ...lines,
    row('**all**', every, found),
  ].join('\n');
}

function row(name: string, subsets: readonly string[], found: readonly Retrieval[]): string {
  const mean = (retrieval: Retrieval, figure: Figure) =>
    subsets.reduce((sum, subset) => sum + retrieval[subset]![figure], 0) / subsets.length;
  const cells = found.map((r) => `${mean(r, 'hit@1').toFixed(3)} / ${mean(r, 'recall@10').toFixed(3)}`);
  const queries = subsets.reduce((sum, subset) => sum + found[0]![subset]!.queries, 0);
  return `| ${name} | ${queries} | ${cells.join(' | ')} |`;
}
