import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { graphSignature } from '@quarry/activities/embedder/graph-signature';
import type { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { ModelSettings } from '@quarry/activities/embedder/model-settings';
import type { ModelRow } from '@quarry/activities/embedder/row-tokens';
import type { Batch } from '@quarry/activities/embedder/shaped-batches';
import { emptyPast, type PaddedRows, tokenFeed } from '@quarry/activities/embedder/token-feeds';
import { InferenceSession, type Tensor } from 'onnxruntime-node';

/** A loop that does nothing but run batches on onnxruntime-node, in a worker thread with the options of the kernel. */
export interface BareLoop {
  run(): Promise<void>;
  close(): Promise<void>;
}

/** As tensors pass to a thread. */
interface PlainTensor {
  readonly type: Tensor.Type;
  readonly data: Tensor.DataType;
  readonly dims: readonly number[];
}
type Feeds = Readonly<Record<string, PlainTensor>>;

/** The batches that a run makes of these texts. */
export function batchesOf(model: LoadedModel, texts: readonly string[]): readonly Batch<ModelRow>[] {
  const shaped = model.batches<ModelRow>();
  const full = texts.map((text) => shaped.add(model.tokens({ text, image: null }, 'document')));
  return [...full.filter((batch) => batch !== null), ...shaped.rest()];
}

/** Prepares the feeds of all batches beforehand; each call of `run` runs them all. */
export async function bareLoop(
  model: LoadedModel,
  texts: readonly string[],
  threads: number,
): Promise<BareLoop> {
  const { settings } = model;
  const before = settings.kind === 'generator' && settings.embedTokens !== null ? [settings.embedTokens] : [];
  const graphs = await Promise.all([...before, settings.graph].map((graph) => openGraph(settings, graph)));
  const batches = batchesOf(model, texts).map((batch) => graphs.map(({ feeds }) => feeds(batch)));
  const worker = new Worker(new URL('./bare-onnxruntime.mjs', import.meta.url));
  const ask = (message: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.postMessage(message);
    });
  await ask({ graphs: graphs.map(({ path, output }) => ({ path, output })), threads, batches });
  return { run: () => ask('run'), close: async () => void (await worker.terminate()) };
}

async function openGraph(settings: ModelSettings, graph: string) {
  const path = join(settings.directory, graph);
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  const signature = graphSignature(session, path, [
    'sentence_embedding',
    'last_hidden_state',
    'inputs_embeds',
  ]);
  await session.release();
  const sizes = settings.kind === 'generator' ? settings : { keyValueHeads: 0, headDimension: 0 };
  const feeds = ({ items, rows, length }: Batch<ModelRow>): Feeds => {
    const ids = items.map((item) => item.ids);
    const padded: PaddedRows = { ids, positions: null, rows, length, padId: 0, past: 0, padding: 'right' };
    const { inputs, past, positionAxes } = signature;
    return Object.fromEntries([
      ...[...inputs].map(([name, type]) => [name, plain(tokenFeed(name, type, positionAxes, padded))]),
      ...past.map((input) => [input.name, plain(emptyPast(input, rows, sizes))]),
    ]);
  };
  return { path, output: signature.output, feeds };
}

function plain({ type, data, dims }: Tensor): PlainTensor {
  return { type, data, dims };
}
