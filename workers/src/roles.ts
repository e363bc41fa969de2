import { availableParallelism } from 'node:os';
import { ROLES, type Role } from '@quarry/workflows';
import { CommandError } from './command-error.ts';

/** What a worker of one role may do at once. */
export interface RoleSize {
  /** Units in flight: fixed, so that Temporal's queue holds back what this machine cannot take. */
  readonly slots: number;
  /** Threads of one native kernel. */
  readonly threads: number;
}

/** One unit has all cores on the gpu queue (its kernel spreads out); on the cpu queue every core has a unit. */
export function roleSize(role: Role, cores = availableParallelism()): RoleSize {
  switch (role) {
    case 'workflows':
      return { slots: 0, threads: 0 };
    case 'gpu':
      return { slots: 1, threads: cores };
    case 'cpu':
      return { slots: cores, threads: 1 };
    case 'io':
      return { slots: 2, threads: Math.min(2, cores) };
  }
}

/** Reads `workflows,io`. */
export function parseRoles(text: string): readonly Role[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !ROLES.includes(name as Role));
  if (unknown !== undefined)
    throw new CommandError(2, `--role ${text}: "${unknown}" is not one of ${ROLES.join(', ')}`);
  return [...new Set(names as Role[])];
}
