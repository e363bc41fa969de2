import type { RunDocument } from '../stages/run-document.ts';
import { tableColumns } from '../tables/table-schema.ts';
import { count, percent } from './figure-text.ts';
import type { Report } from './report-schema.ts';

/**
 * The data set card: a README.md with the YAML header by which the Hugging Face hub and `datasets` find one
 * configuration per table, then how the data were made, what was counted, and how to load them.
 */
export function dataSetCard(run: RunDocument, report: Report): string {
  return `${header(run, report)}
# ${report.job.name}: hard negatives

Mined by [Quarry](https://www.npmjs.com/package/quarry) as run \`${report.runId}\`. \`_manifest.json\` lists every file with its
sha256, \`report.json\` has all figures, \`job.json\` the job.

## Load

${loading(report)}

## How it was made

${recipe(run, report)}

## What came out

${outcome(report)}

## Limits

${limits(run, report)}
`;
}

function header(run: RunDocument, report: Report): string {
  const { numNegatives } = run.job.mining;
  const configs = report.tables.map(
    ({ table }, i) =>
      `- config_name: ${table}\n  data_files:\n  - split: train\n    path: data/${table}/train-*.parquet${i === 0 ? '\n  default: true' : ''}`,
  );
  const infos = report.tables.map(({ table, rows, bytes }) => {
    const features = tableColumns(table, numNegatives)
      .map(({ name, type }) => `  - name: ${name}\n    dtype: ${type}`)
      .join('\n');
    return `- config_name: ${table}\n  features:\n${features}\n  splits:\n  - name: train\n    num_examples: ${rows}\n  download_size: ${bytes}`;
  });
  return `---
configs:
${configs.join('\n')}
dataset_info:
${infos.join('\n')}
tags:
- hard-negatives
- sentence-transformers
---`;
}

function loading(report: Report): string {
  const table = report.tables.find(({ table: name }) => name === 'n-tuple')?.table ?? report.tables[0]!.table;
  return `\`\`\`python
# in this directory; with a hub repository use its name instead of "."
from datasets import load_dataset; data = load_dataset(".", "${table}", split="train")
# sentence-transformers: SentenceTransformerTrainer(model=model, train_dataset=data, loss=MultipleNegativesRankingLoss(model))
import pandas; frame = pandas.read_parquet("data/${table}")
import duckdb; rows = duckdb.sql("SELECT * FROM 'data/${table}/*.parquet'")
\`\`\``;
}

function recipe(run: RunDocument, report: Report): string {
  const { job, model, search } = run;
  const { recall } = report.index;
  const settings = Object.entries(job.mining).map(([name, value]) => `${name} ${value}`);
  return [
    `- Input: format ${job.input.format}; ${report.inputs.map(({ name, rows }) => `${count(rows)} rows of ${name}`).join(', ')}.`,
    `- Model: ${model.kind}, ${model.dimension} dimensions, sha256 \`${model.sha256}\`${model.oneRowAtATime ? ', one row at a time' : ''}.`,
    `- Prompts and preprocessing: \`${JSON.stringify(model.preprocessing)}\`.`,
    `- Search: ${search.engine} (${search.why}), ${search.k} candidates per query; recall@${recall.k} ${recall.recallAtK.toFixed(4)} against exact search, measured on ${count(recall.sample)} queries.`,
    `- Mining: ${settings.join(', ')}; seed ${job.seed}.`,
    `- Versions: ${Object.entries(run.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n');
}

function outcome(report: Report): string {
  const { counts, funnel } = report;
  const tables = report.tables
    .map(({ table, rows, files, bytes }) => `| ${table} | ${count(rows)} | ${files} | ${count(bytes)} |`)
    .join('\n');
  const dropped = Object.entries(funnel.dropped)
    .map(([reason, { count: n, share }]) => `| dropped: ${reason} | ${count(n)} | ${percent(share)} |`)
    .join('\n');
  const retrieval = Object.entries(report.retrieval)
    .map(
      ([group, r]) =>
        `| ${group} | ${count(r.queries)} | ${[r['hit@1'], r['hit@5'], r['hit@10'], r['mrr@10'], r['ndcg@10']].map((n) => n.toFixed(3)).join(' | ')} |`,
    )
    .join('\n');
  return `${count(counts.queries)} queries, ${count(counts.documents)} documents, ${count(counts.pairs)} pairs; ${count(counts.duplicates)} duplicates, ${count(counts.quarantined)} bad rows left out, ${count(counts.unminedQueries)} queries without a positive.

| table | rows | files | bytes |
|---|---:|---:|---:|
${tables}

| candidates | ${count(funnel.candidates)} | |
|---|---:|---:|
| kept | ${count(funnel.kept.count)} | ${percent(funnel.kept.share)} |
${dropped}

How the model retrieves the known positives:

| group | queries | hit@1 | hit@5 | hit@10 | MRR@10 | nDCG@10 |
|---|---:|---:|---:|---:|---:|---:|
${retrieval}`;
}

function limits(run: RunDocument, report: Report): string {
  const lines = [
    'The negatives were judged by scores and known positives, not by people: some of them may answer their query.',
    'Known positives are those of the input; a positive that it does not name can be among the negatives.',
    `${count(report.counts.unownedDocuments)} documents belong to no query${run.job.mining.strategy === 'saha' ? `, which SaHa cannot judge from query space (mining.unowned: ${run.job.mining.unowned})` : ''}.`,
    ...report.advice,
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}
