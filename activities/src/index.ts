import type { Stages } from '@quarry/workflows';
import { asActivity } from './as-activity.ts';
import { arrange } from './stages/arrange.ts';
import { calibrate } from './stages/calibrate.ts';
import { cluster } from './stages/cluster.ts';
import { commit } from './stages/commit.ts';
import { compareDocuments } from './stages/compare-documents.ts';
import { comparePairs } from './stages/compare-pairs.ts';
import { embed } from './stages/embed.ts';
import { filter } from './stages/filter.ts';
import { hubness } from './stages/hubness.ts';
import { indexPart } from './stages/index-part.ts';
import { crossEncode, judge } from './stages/judge-candidates.ts';
import { measureRecall } from './stages/measure-recall.ts';
import { merge } from './stages/merge.ts';
import { metric } from './stages/metric.ts';
import { pairVectors } from './stages/pair-vectors.ts';
import { plan } from './stages/plan.ts';
import { report } from './stages/report.ts';
import { rescore } from './stages/rescore.ts';
import { scoreGiven } from './stages/score-given.ts';
import { scoreOwners } from './stages/score-owners.ts';
import { search } from './stages/search.ts';
import type { Dependencies } from './stages/stage-context.ts';
import { survey } from './stages/survey.ts';
import { write } from './stages/write.ts';

export { QuarryError } from './failures.ts';
export type { Dependencies } from './stages/stage-context.ts';

/** The stages as Temporal activities: each with heartbeats, cancellation and one mapping of errors. */
export function createActivities(dependencies: Dependencies): Stages {
  return {
    plan: asActivity(dependencies, plan),
    embed: asActivity(dependencies, embed),
    index: asActivity(dependencies, indexPart),
    search: asActivity(dependencies, search),
    scoreGiven: asActivity(dependencies, scoreGiven),
    merge: asActivity(dependencies, merge),
    measureRecall: asActivity(dependencies, measureRecall),
    scoreOwners: asActivity(dependencies, scoreOwners),
    metric: asActivity(dependencies, metric),
    pairVectors: asActivity(dependencies, pairVectors),
    compareDocuments: asActivity(dependencies, compareDocuments),
    comparePairs: asActivity(dependencies, comparePairs),
    hubness: asActivity(dependencies, hubness),
    survey: asActivity(dependencies, survey),
    calibrate: asActivity(dependencies, calibrate),
    rescore: asActivity(dependencies, rescore),
    crossEncode: asActivity(dependencies, crossEncode),
    judge: asActivity(dependencies, judge),
    filter: asActivity(dependencies, filter),
    cluster: asActivity(dependencies, cluster),
    arrange: asActivity(dependencies, arrange),
    write: asActivity(dependencies, write),
    report: asActivity(dependencies, report),
    commit: asActivity(dependencies, commit),
  };
}
