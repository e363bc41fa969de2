/** One row of what `quarry model verify` finds. */
export interface Check {
  readonly name: string;
  /** `noted`: worth knowing, nothing is wrong; `skipped`: could not be looked at, for the reason given. */
  readonly outcome: 'ok' | 'noted' | 'skipped' | 'failed';
  readonly detail: string;
}

export function ok(name: string, detail: string): Check {
  return { name, outcome: 'ok', detail };
}

export function noted(name: string, detail: string): Check {
  return { name, outcome: 'noted', detail };
}

export function skipped(name: string, detail: string): Check {
  return { name, outcome: 'skipped', detail };
}

export function failed(name: string, detail: string): Check {
  return { name, outcome: 'failed', detail };
}
