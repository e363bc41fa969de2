import type { RunDocument } from './run-document.ts';
import { runGroups } from './run-groups.ts';

/** SaHa's classification case: the job's word, else the format's; of MMEB the ten subsets that the paper's code names. */
export function isClassification(run: RunDocument, group: number): boolean {
  const { mining, input } = run.job;
  const { name } = runGroups(run)[group]!;
  if (Array.isArray(mining.classification)) return mining.classification.includes(name);
  if (mining.classification !== undefined) return mining.classification;
  return input.format === 'classification' || (input.format === 'mmeb' && MMEB_CLASSIFICATION.has(name));
}

/** Of arXiv 2508.00955's code: subsets whose documents are class labels. */
const MMEB_CLASSIFICATION: ReadonlySet<string> = new Set([
  'ImageNet_1K',
  'Place365',
  'N24News',
  'HatefulMemes',
  'VOC2007',
  'SUN397',
  'ImageNet-A',
  'ImageNet-R',
  'ObjectNet',
  'Country211',
]);
