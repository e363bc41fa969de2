import { automodel } from './automodel.ts';
import { beir } from './beir.ts';
import type { Exporter } from './exporter.ts';
import { flagembedding } from './flagembedding.ts';
import { gen2embed } from './gen2embed.ts';
import { msSwift } from './ms-swift.ts';
import { sentenceTransformers } from './sentence-transformers.ts';
import { tevatron } from './tevatron.ts';

/** Every format that a run can be exported to. */
export const EXPORTERS: readonly Exporter[] = [
  sentenceTransformers,
  flagembedding,
  tevatron,
  gen2embed,
  msSwift,
  automodel,
  beir,
];
