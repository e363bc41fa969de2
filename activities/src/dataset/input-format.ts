import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import type { StageContext } from '../stages/stage-context.ts';
import { beirInput } from './beir.ts';
import { classificationInput } from './classification.ts';
import { stageCandidates } from './given-candidates.ts';
import { findFile, type InputFiles, splitUri } from './input-file.ts';
import { mmebInput } from './mmeb.ts';
import { pairsInput } from './pairs.ts';
import { CANDIDATES_EXPECTED } from './read-candidates.ts';
import type { Source, Staging } from './staging.ts';

/** The files of a job's input, and how they are staged. */
export interface Input {
  /** In the order in which they are read. */
  readonly files: InputFiles;
  /** Names of the groups in their order; default: one for all rows. */
  readonly groups?: readonly string[];
  /** Rows may name image files: the plan depends on those as well. */
  readonly images?: InputImages;
  /** Reads every file; `directory` is local and private. */
  readonly stage: (context: StageContext, staging: Staging, directory: string) => Promise<void>;
}

/** Where the images of an input are named. */
export interface InputImages {
  /** URI of the directory where paths begin. */
  readonly root: string;
  /** The fields that hold images, by source. */
  readonly fields: Readonly<Partial<Record<Source, readonly string[]>>>;
}

/** @throws QuarryError BadJob where a file is missing */
export async function findInput(context: StageContext, input: Job['input']): Promise<Input> {
  const found = await findPairs(context, input);
  if (input.candidates === undefined) return found;
  const { directory, name } = splitUri(input.candidates);
  const candidates = await findFile(context, { directory, names: [name], expected: CANDIDATES_EXPECTED });
  return {
    ...found,
    files: { ...found.files, candidates: [candidates] },
    stage: async (context, staging, scratch) => {
      await found.stage(context, staging, scratch);
      await stageCandidates(context, staging, candidates, join(scratch, 'candidates'));
    },
  };
}

function findPairs(context: StageContext, input: Job['input']): Promise<Input> {
  switch (input.format) {
    case 'beir':
      return beirInput(context, input);
    case 'pairs':
      return pairsInput(context, input);
    case 'classification':
      return classificationInput(context, input);
    case 'mmeb':
      return mmebInput(context, input);
  }
}
