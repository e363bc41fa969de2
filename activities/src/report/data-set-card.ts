import { RETRIEVAL_MEASURES } from '../mining/retrieval-metrics.ts';
import { type TableShape, tableColumns } from '../tables/table-schema.ts';
import { count, percent, score } from './figure-text.ts';
import type { Report } from './report-schema.ts';

/**
 * The data set card: a README.md with the YAML header by which the Hugging Face hub and `datasets` find one
 * configuration per table (https://huggingface.co/docs/hub/datasets-manual-configuration), then how the data were made,
 * what was counted, what they cannot promise, and how to load them.
 */
export function dataSetCard(report: Report, shape: TableShape): string {
  return `${header(report, shape)}
# ${report.job.name}: hard negatives

Mined by Quarry as run \`${report.runId}\`. \`report.html\` is to be read, \`report.json\` has every figure, \`job.json\` the job,
\`_manifest.json\` every file with its sha256.

## Load

${loading(report)}

## What came out

${outcome(report)}

## How it was made

${recipe(report)}

## Limits

${limits(report)}
`;
}

function header(report: Report, shape: TableShape): string {
  const configs = report.tables.map(
    ({ table }, i) =>
      `- config_name: ${table}\n  data_files:\n  - split: train\n    path: data/${table}/train-*.parquet${i === 0 ? '\n  default: true' : ''}`,
  );
  const infos = report.tables.map(({ table, rows, bytes, uncompressedBytes }) => {
    const features = tableColumns(table, shape)
      .map(({ name, type }) => `  - name: ${name}\n    dtype: ${type}`)
      .join('\n');
    const split = `  - name: train\n    num_bytes: ${uncompressedBytes}\n    num_examples: ${rows}`;
    return `- config_name: ${table}\n  features:\n${features}\n  splits:\n${split}\n  download_size: ${bytes}\n  dataset_size: ${uncompressedBytes}`;
  });
  return `---
configs:
${configs.join('\n')}
dataset_info:
${infos.join('\n')}
size_categories:
- ${sizeCategory(Math.max(...report.tables.map(({ rows }) => rows)))}
task_categories:
- sentence-similarity
- feature-extraction
tags:
- hard-negatives
- sentence-transformers
---`;
}

/** As the hub names sizes: `1K<n<10K`. */
function sizeCategory(rows: number): string {
  const steps = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T'];
  const step = Math.max(0, Math.floor(Math.log10(Math.max(1, rows))) - 2);
  if (step === 0) return 'n<1K';
  return step >= steps.length ? 'n>1T' : `${steps[step - 1]}<n<${steps[step]}`;
}

function loading({ tables }: Report): string {
  const table = tables.find(({ table: name }) => name === 'n-tuple')?.table ?? tables[0]!.table;
  const lines = [
    ['datasets, sentence-transformers', `load_dataset(".", "${table}", split="train")`],
    ['pandas', `pd.read_parquet("data/${table}")`],
    ['Polars', `pl.read_parquet("data/${table}/*.parquet")`],
    ['PyArrow', `pyarrow.dataset.dataset("data/${table}").to_table()`],
    ['DuckDB', `SELECT * FROM 'data/${table}/*.parquet'`],
    ['any other trainer', '`quarry export . --format NAME --to DIR` (a name that is none lists them)'],
  ];
  return `In this directory; with a repository of the hub its name stands for \`.\`.

| with | in one line |
|---|---|
${lines.map(([library, line]) => `| ${library} | ${line!.includes('`') ? line : `\`${line}\``} |`).join('\n')}`;
}

function recipe(report: Report): string {
  const { asked, index, inputs } = report;
  const { model } = asked;
  const { recall } = index;
  const interval =
    typeof recall.lower === 'number' && typeof recall.upper === 'number'
      ? ` (95 % interval ${recall.lower.toFixed(4)} to ${recall.upper.toFixed(4)})`
      : '';
  const settings = Object.entries(asked.mining)
    .filter(([name, value]) => value !== undefined && name !== 'filters')
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const filters = asked.filters.map(({ name, ...parameters }) => {
    const set = Object.entries(parameters).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
    return `${name}${set.length > 0 ? ` (${set.join(', ')})` : ''}`;
  });
  return [
    `- Input: format ${asked.input.format}; ${inputs.map(({ name, rows }) => `${count(rows)} rows of ${name}`).join(', ')}.`,
    `- Model: ${model.kind}, ${model.dimension} dimensions, sha256 \`${model.sha256}\`${model.oneRowAtATime ? ', one row at a time' : ''}.`,
    `- Prompts and preprocessing: \`${JSON.stringify(model.preprocessing)}\`.`,
    `- Search: ${index.engine} (${index.why}), ${asked.candidates} candidates per query; recall@${recall.k} ${recall.recallAtK.toFixed(4)} against exact search${interval}, measured on ${count(recall.sample)} queries.`,
    `- Mining: ${settings.join(', ')}; seed ${asked.seed}.`,
    `- Filters, in order: ${filters.join(', ')}${report.strategy === 'saha' ? '; then SaHa: the owners decide' : ''}.`,
    `- Versions: ${Object.entries(asked.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n');
}

function outcome(report: Report): string {
  const { counts, funnel, negatives } = report;
  const tables = report.tables
    .map(({ table, rows, files, bytes }) => `| ${table} | ${count(rows)} | ${files} | ${count(bytes)} |`)
    .join('\n');
  const dropped = Object.entries(funnel.dropped)
    .map(([reason, { count: n, share }]) => `| dropped: ${reason} | ${count(n)} | ${percent(share)} |`)
    .join('\n');
  const retrieval = Object.entries(report.retrieval)
    .map(
      ([group, r]) =>
        `| ${group.replaceAll('|', '\\|')} | ${count(r.queries)} | ${RETRIEVAL_MEASURES.map((measure) => score(r[measure])).join(' | ')} |`,
    )
    .join('\n');
  return `${count(counts.queries)} queries, ${count(counts.documents)} documents, ${count(counts.pairs)} pairs; ${count(counts.duplicates)} duplicates, ${count(counts.quarantined)} bad rows left out, ${count(counts.unminedQueries)} queries without a positive. ${count(negatives.queriesWithFewer)} queries have fewer than ${negatives.asked} negatives and no row in \`n-tuple\`.

| table | rows | files | bytes |
|---|---:|---:|---:|
${tables}

| candidates | ${count(funnel.candidates)} | |
|---|---:|---:|
| kept | ${count(funnel.kept.count)} | ${percent(funnel.kept.share)} |
${dropped}

How the model retrieves the known positives:

| group | queries | hit@1 | hit@5 | hit@10 | recall@10 | MRR@10 | nDCG@10 |
|---|---:|---:|---:|---:|---:|---:|---:|
${retrieval}`;
}

function limits(report: Report): string {
  const saha =
    report.strategy === 'saha'
      ? `, which SaHa cannot judge from query space (mining.unowned: ${String(report.asked.mining.unowned)})`
      : '';
  const lines = [
    'The negatives were judged by scores and known positives, not by people: some of them may answer their query.',
    'Known positives are those of the input; a positive that it does not name can be among the negatives.',
    `${count(report.counts.unownedDocuments)} documents belong to no query${saha}.`,
    ...report.advice,
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}
