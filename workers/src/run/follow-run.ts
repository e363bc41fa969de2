import { setTimeout as sleep } from 'node:timers/promises';
import type { MiningResult } from '@quarry/workflows';
import type { WorkflowHandle } from '@temporalio/client';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

const QUERY_MS = 5_000;

/** Resolves with the result of a run (rejects with what ended it), and tells meanwhile how far it is. */
export async function followRun(
  handle: WorkflowHandle,
  everyMs: number,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<MiningResult> {
  const over = new AbortController();
  const watching = watch(handle, everyMs, over.signal, onSnapshot);
  try {
    return (await handle.result()) as MiningResult;
  } finally {
    over.abort();
    await watching;
  }
}

async function watch(
  handle: WorkflowHandle,
  everyMs: number,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<void> {
  const ended = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  while (!signal.aborted) {
    const snapshot = await Promise.race([takeSnapshot(handle, QUERY_MS), ended]);
    if (snapshot && !signal.aborted) onSnapshot(snapshot);
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
