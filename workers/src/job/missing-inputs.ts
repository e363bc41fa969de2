import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job } from '@quarry/workflows';
import type { Mistake } from './explain-issue.ts';
import type { Path } from './job-shape.ts';

/** What a job names on this machine and is not there: cheap looks only, nothing is read. */
export function missingInputs(job: Job): readonly Mistake[] {
  const { input, model } = job;
  const mistakes = present(['input', 'path'], input.path) ?? layoutOf(job);
  if (input.corpus) mistakes.push(...(present(['input', 'corpus', 'path'], input.corpus.path) ?? []));
  if (input.candidates) mistakes.push(...(present(['input', 'candidates'], input.candidates) ?? []));
  if (input.imageRoot !== undefined)
    mistakes.push(...(present(['input', 'imageRoot'], input.imageRoot) ?? []));
  const { previousRun } = job.mining;
  if (previousRun) mistakes.push(...(present(['mining', 'previousRun'], previousRun) ?? []));
  if (model.kind === 'vectors') {
    mistakes.push(...(present(['model', 'queries'], model.queries) ?? []));
    mistakes.push(...(present(['model', 'documents'], model.documents) ?? []));
  } else mistakes.push(...(present(['model', 'path'], model.path) ?? graphOf(model)));
  return mistakes;
}

function present(path: Path, uri: string): Mistake[] | undefined {
  const local = localPath(uri);
  if (local === null || existsSync(local)) return undefined;
  return [{ path, atKey: false, message: `${local} does not exist; paths are relative to the job file` }];
}

/** The files that a directory of this format must hold. */
function layoutOf({ input }: Job): Mistake[] {
  const local = localPath(input.path);
  if (local === null) return [];
  const directory = statSync(local).isDirectory();
  if (input.format === 'beir' && !directory)
    return [{ path: ['input', 'path'], atKey: false, message: `${local} is a file; beir is a directory` }];
  if (input.format === 'beir') {
    const missing = ['corpus.jsonl', 'queries.jsonl'].filter((name) => !hasFile(local, name));
    const mistakes = missing.map((name) => ({
      path: ['input', 'path'],
      atKey: false,
      message: `${local} holds no ${name}; a beir directory has corpus.jsonl, queries.jsonl and qrels/`,
    }));
    return [...mistakes, ...splitOf(join(local, 'qrels'), `${input.split}.tsv`, input.split)];
  }
  if (input.format === 'classification' && directory)
    return splitOf(local, `${input.split}.jsonl`, input.split);
  return [];
}

function splitOf(directory: string, name: string, split: string): Mistake[] {
  if (hasFile(directory, name)) return [];
  const suffix = name.slice(split.length);
  const there = existsSync(directory)
    ? readdirSync(directory).filter((file) => file.replace(/\.gz$/, '').endsWith(suffix))
    : [];
  const splits = there.map((file) => file.replace(/\.gz$/, '').slice(0, -suffix.length)).sort();
  const known =
    splits.length > 0 ? `there are: ${splits.join(', ')}` : `${directory} holds no ${suffix} file`;
  return [
    { path: ['input', 'split'], atKey: false, message: `${join(directory, name)} does not exist; ${known}` },
  ];
}

function graphOf({ path, file }: { path: string; file?: string | undefined }): Mistake[] {
  const local = localPath(path);
  if (local === null || file === undefined || hasFile(local, file)) return [];
  return [
    {
      path: ['model', 'path'],
      atKey: false,
      message: `${local} holds no ${file}; model.file names the ONNX graph inside the directory`,
    },
  ];
}

function hasFile(directory: string, name: string): boolean {
  return existsSync(join(directory, name)) || existsSync(join(directory, `${name}.gz`));
}

function localPath(uri: string): string | null {
  return uri.startsWith('file:') ? fileURLToPath(uri) : null;
}
