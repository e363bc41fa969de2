import { ance } from './ance.ts';
import { automodel } from './automodel.ts';
import { beir } from './beir.ts';
import { contrastors } from './contrastors.ts';
import type { Exporter } from './exporter.ts';
import { flagembedding } from './flagembedding.ts';
import { gen2embed } from './gen2embed.ts';
import { gpl } from './gpl.ts';
import { mmeb } from './mmeb.ts';
import { msSwift } from './ms-swift.ts';
import { pylate } from './pylate.ts';
import { sentenceTransformers } from './sentence-transformers.ts';
import { tevatron } from './tevatron.ts';
import { unimeV2 } from './unime-v2.ts';

/** Every format that a run can be exported to. */
export const EXPORTERS: readonly Exporter[] = [
  sentenceTransformers,
  flagembedding,
  tevatron,
  mmeb,
  gen2embed,
  unimeV2,
  msSwift,
  automodel,
  pylate,
  contrastors,
  beir,
  gpl,
  ance,
];
