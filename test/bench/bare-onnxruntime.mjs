import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** The other side of `embedding.ts`: prepared batches through onnxruntime-node, and nothing else. */
let sessions;
let batches;

parentPort.on('message', async (message) => {
  if (message !== 'run') await prepare(message);
  for (const feeds of batches) await runBatch(feeds);
  parentPort.postMessage('done');
});

/** The first graph's output goes into the second (`embed_tokens`, then the decoder). */
async function runBatch(feeds) {
  let between = {};
  for (const [i, { session, output }] of sessions.entries()) {
    const { [output]: tensor } = await session.run({ ...feeds[i], ...between }, [output]);
    between = { inputs_embeds: tensor };
  }
  between.inputs_embeds.dispose();
}

async function prepare({ graphs, threads, batches: given }) {
  sessions = await Promise.all(
    graphs.map(async ({ path, output }) => ({
      output,
      session: await InferenceSession.create(path, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
      }),
    })),
  );
  const tensorOf = ({ type, data, dims }) => new Tensor(type, data, dims);
  batches = given.map((feeds) =>
    feeds.map((feed) =>
      Object.fromEntries(Object.entries(feed).map(([name, tensor]) => [name, tensorOf(tensor)])),
    ),
  );
}
