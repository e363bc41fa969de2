import { parentPort, type TransferListItem, Worker } from 'node:worker_threads';
import { type Failure, fromFailure, toFailure } from './messages.ts';

interface Asked<Request> {
  readonly number: number;
  readonly request: Request;
}

type Answered<Answer> =
  | { readonly number: number; readonly answer: Answer }
  | { readonly number: number; readonly failure: Failure };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A thread beside the one that owns it, which prepares what the owner wants next: the owner's native calls block it.
 * It keeps the process alive only while an answer is awaited.
 */
export class SideThread<Request, Answer> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #asked = 0;

  /** @param entry module that calls `answerRequests` */
  constructor(entry: URL, workerData?: unknown) {
    this.#worker = new Worker(entry, { workerData, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (message: Answered<Answer>) => {
      const waiting = this.#waiting.get(message.number);
      this.#waiting.delete(message.number);
      if (this.#waiting.size === 0) this.#worker.unref();
      if ('failure' in message) waiting?.reject(fromFailure(message.failure));
      else waiting?.resolve(message.answer);
    });
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', () => {
      for (const { reject } of this.#waiting.values())
        reject(new Error('a thread that prepares rows ended in the middle of its work', { cause }));
      this.#waiting.clear();
    });
  }

  /** Rejects with the failure of the answering function; a rejection that nobody awaits (yet) is no crash. */
  ask(request: Request): Promise<Answer> {
    const number = this.#asked++;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
    });
    answer.catch(() => undefined);
    this.#worker.ref();
    this.#worker.postMessage({ number, request } satisfies Asked<Request>);
    return answer;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * What the entry of a side thread calls.
 *
 * @param transferred what of an answer is given away instead of copied
 * @param atOnce requests in work, where answering them waits for native work or files
 */
export function answerRequests<Request, Answer>(
  answerOf: (request: Request) => Promise<Answer>,
  transferred: (answer: Answer) => readonly TransferListItem[],
  atOnce = 1,
): void {
  const port = parentPort!;
  const lanes = Array.from({ length: atOnce }, () => Promise.resolve());
  const serve = async ({ number, request }: Asked<Request>): Promise<void> => {
    try {
      const answer = await answerOf(request);
      port.postMessage({ number, answer } satisfies Answered<Answer>, transferred(answer));
    } catch (error) {
      port.postMessage({ number, failure: toFailure(error) } satisfies Answered<Answer>);
    }
  };
  port.on('message', (asked: Asked<Request>) => {
    const lane = asked.number % atOnce;
    lanes[lane] = lanes[lane]!.then(() => serve(asked));
  });
}
