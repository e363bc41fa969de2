import { InferenceSession } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';

/** A graph on onnxruntime (CPU). */
export async function openSession(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new QuarryError('BadModel', `${path}: onnxruntime cannot load it: ${(cause as Error).message}`, {
      cause,
    });
  }
}
