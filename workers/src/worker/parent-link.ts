import type { TemporalTarget } from '../temporal-target.ts';

/** What `mine` tells its workers. */
export interface ConnectMessage {
  readonly target: TemporalTarget;
  readonly queuePrefix: string;
}

/** What a worker tells `mine`. */
export interface ReadyMessage {
  readonly type: 'ready';
}

/** What the user of `mine` should know, from a worker. */
export interface NoticeMessage {
  readonly type: 'notice';
  readonly text: string;
}

/** A worker's link to the command that started it. The kernel cuts it however that command ends. */
export interface ParentLink {
  /** Resolves with the server as soon as the parent knows it. */
  readonly connect: Promise<ConnectMessage>;
  /** Aborted when the parent is gone, or no longer wants the worker. */
  readonly signal: AbortSignal;
  readonly ready: () => void;
  readonly notice: (text: string) => void;
}

/** Opens the link; the process must have been forked. */
export function openParentLink(): ParentLink {
  const controller = new AbortController();
  process.once('disconnect', () => controller.abort());
  if (!process.connected) controller.abort();
  const connect = new Promise<ConnectMessage>((resolve, reject) => {
    process.once('message', (message: ConnectMessage) => resolve(message));
    controller.signal.addEventListener('abort', () => reject(new Error('the parent is gone')));
  });
  const tell = (message: ReadyMessage | NoticeMessage): void => {
    if (process.connected) process.send?.(message);
  };
  const ready = (): void => tell({ type: 'ready' });
  const notice = (text: string): void => tell({ type: 'notice', text });
  return { connect, signal: controller.signal, ready, notice };
}
