import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** The other side of `embedding.ts`: prepared batches through onnxruntime-node, and nothing else. */
let session;
let feeds;

parentPort.on('message', async (message) => {
  if (message !== 'run') await prepare(message);
  for (const feed of feeds) (await session.run(feed)).last_hidden_state.dispose();
  parentPort.postMessage('done');
});

async function prepare({ graph, threads, batches }) {
  session = await InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  feeds = batches.map(({ length, rows, items }) => {
    const ids = new BigInt64Array(rows * length);
    const mask = new BigInt64Array(rows * length);
    for (let row = 0; row < rows; row++) {
      const own = items[row]?.ids ?? [0];
      for (const [i, id] of own.entries()) {
        ids[row * length + i] = BigInt(id);
        mask[row * length + i] = 1n;
      }
    }
    const dims = [rows, length];
    return {
      input_ids: new Tensor('int64', ids, dims),
      attention_mask: new Tensor('int64', mask, dims),
      token_type_ids: new Tensor('int64', new BigInt64Array(rows * length), dims),
    };
  });
}
