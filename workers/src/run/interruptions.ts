/** Ctrl-C, and what it is to mean. */
export interface Interruptions {
  /** Resolves with the first; the second leaves at once. */
  readonly first: Promise<void>;
  readonly interrupted: boolean;
}

/** From now on the first Ctrl-C (or SIGTERM) asks to cancel, and the second ends this process at once with 130. */
export function interruptions(note: (line: string) => void): Interruptions {
  let interrupted = false;
  let resolve: () => void = () => {};
  const first = new Promise<void>((settle) => {
    resolve = settle;
  });
  const onSignal = (): void => {
    if (interrupted) process.exit(130);
    interrupted = true;
    note('Cancelling; what is done is kept. Press Ctrl-C again to leave at once.');
    resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    first,
    get interrupted() {
      return interrupted;
    },
  };
}
