import { parentPort, workerData } from 'node:worker_threads';
import type { Kernel, KernelControl } from './kernel.ts';
import { type CallMessage, type ThreadMessage, toFailure } from './messages.ts';

/** The entry of a worker thread: one call at a time, kernels loaded by name from one directory. */

const PROGRESS_INTERVAL_MS = 100;

const port = parentPort!;
const { kernels } = workerData as { readonly kernels: string };

port.on('message', (call: CallMessage) => {
  void serve(call);
});

async function serve(call: CallMessage): Promise<void> {
  try {
    const module = (await import(new URL(`${call.kernel}.js`, kernels).href)) as {
      readonly run: Kernel<unknown, unknown>;
    };
    const output = await module.run(call.input, controlOf(call.abort));
    postResult(output);
  } catch (error) {
    send({ type: 'failure', failure: toFailure(error) });
  }
}

function controlOf(abort: SharedArrayBuffer): KernelControl {
  const flag = new Int32Array(abort);
  let last = 0;
  return {
    get aborted() {
      return Atomics.load(flag, 0) === 1;
    },
    progress(done, total) {
      const now = performance.now();
      if (done < total && now - last < PROGRESS_INTERVAL_MS) return;
      last = now;
      send({ type: 'progress', done, total });
    },
  };
}

function postResult(output: unknown): void {
  const message: ThreadMessage = { type: 'result', output };
  try {
    port.postMessage(message, ownedBuffers(output));
  } catch (error) {
    // Memory of native libraries cannot always be given away: then it is copied.
    if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
    port.postMessage(message);
  }
}

function send(message: ThreadMessage): void {
  port.postMessage(message);
}

/** Buffers behind the typed arrays of a result, two levels deep, that hold nothing else. */
function ownedBuffers(output: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown, depth: number): void => {
    if (ArrayBuffer.isView(value)) {
      const { buffer } = value;
      if (buffer instanceof ArrayBuffer && buffer.byteLength === value.byteLength) buffers.add(buffer);
    } else if (typeof value === 'object' && value !== null && depth < 2) {
      for (const member of Object.values(value)) visit(member, depth + 1);
    }
  };
  visit(output, 0);
  return [...buffers];
}
