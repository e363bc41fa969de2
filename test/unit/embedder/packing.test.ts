import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { loadTokens } from '@quarry/activities/embedder/load-tokens';
import { ShapedBatches } from '@quarry/activities/embedder/shaped-batches';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import type { Job } from '@quarry/workflows/job';
import { expect, onTestFinished, test } from 'vitest';
import { shared } from '../../support/shared-data.ts';

const captions = shared('data/flickr8k-500/captions.jsonl');
const minilm = shared('data/models/all-MiniLM-L6-v2');

const MODELS: Record<string, Exclude<Job['model'], { kind: 'vectors' }>> = {
  encoder: {
    kind: 'encoder',
    path: minilm ?? '',
    file: 'onnx/model.onnx',
    queryPrefix: '',
    documentPrefix: '',
  },
  generator: { kind: 'generator', path: 'bundled:quarry-mini', prompt: 'hierarchical' },
};

test.skipIf(!captions || !minilm).each(Object.entries(MODELS))(
  'at most a tenth of the tokens is padding: 2,500 captions, the shortest texts of our sets, %s',
  async (_, job) => {
    const scratch = mkdtempSync(join(tmpdir(), 'quarry-packing-'));
    onTestFinished(() => rmSync(scratch, { recursive: true }));
    const { settings } = await openModel({ scratch } as Dependencies, job);
    const { rowTokens } = await loadTokens(settings);
    const lines = readFileSync(captions!, 'utf8').split('\n').filter(Boolean);
    const texts = lines.flatMap((line) => (JSON.parse(line) as { captions: string[] }).captions);
    const shaped = new ShapedBatches(settings.maxLength, false);
    const rows = texts.map((text) => rowTokens({ text, image: null }, 'document'));
    const full = rows.map((row) => shaped.add(row)).filter((batch) => batch !== null);
    const shapes = [...full, ...shaped.rest()];
    const padded = shapes.reduce((sum, { rows: height, length }) => sum + height * length, 0);
    const real = rows.reduce((sum, { ids }) => sum + ids.length, 0);
    expect(texts).toHaveLength(2500);
    expect(1 - real / padded).toBeLessThan(0.1);
  },
);
