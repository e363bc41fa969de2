import { readFileSync } from 'node:fs';
import { STAGE_VERSIONS } from './stage-versions.ts';

/** Libraries whose version may change a result. */
const LIBRARIES = ['onnxruntime-node', 'hnswlib-node', '@duckdb/node-api'] as const;

/** What a run was made with; part of its id. Our own pins are exact, so they say what is installed. */
export function runVersions(): Record<string, string> {
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const stages = Object.entries(STAGE_VERSIONS).map(([stage, version]) => `${stage} ${version}`);
  return {
    quarry: own.version,
    stages: stages.join(', '),
    ...Object.fromEntries(LIBRARIES.map((name) => [name, own.dependencies[name]!])),
  };
}
