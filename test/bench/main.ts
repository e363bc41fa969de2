import { cpus, totalmem } from 'node:os';
import { benchChain } from './chain.ts';
import { benchEmbedding, benchGenerator } from './embedding.ts';
import { benchExporters } from './exporters.ts';
import { benchImageMemory } from './image-memory.ts';
import { benchImages } from './images.ts';
import { benchLarge } from './large.ts';
import { benchOrchestration } from './orchestration.ts';
import { benchPacking } from './packing.ts';
import { benchPrefix } from './prefix.ts';
import { benchReport } from './report.ts';
import { benchSearch } from './search.ts';
import { benchTenMillion } from './ten-million.ts';
import { benchWrite } from './write.ts';

/** `npm run bench [-- NAME ...]`: prints the machine and each benchmark's figures as JSON. */
const BENCHMARKS: Record<string, () => Promise<Record<string, unknown>>> = {
  /** documents per second against a bare onnxruntime-node loop over the same batches */
  embedding: benchEmbedding,
  /** the same for generators */
  generator: benchGenerator,
  /** photos per second, and whether the session waits for them */
  images: benchImages,
  /** peak memory over image tables, and over four times as many */
  'image-memory': benchImageMemory,
  /** a baked prefix against the whole prompt */
  prefix: benchPrefix,
  /** padding in the batches of encoder and generators */
  packing: benchPacking,
  /** exact against hnswlib */
  search: benchSearch,
  /** the filter chain of each strategy against the search that found its candidates */
  chain: benchChain,
  /** memory of filters, sampling and owner scores in a run of ten million queries */
  'ten-million': benchTenMillion,
  /** size, time and memory of the report of ten million queries */
  report: benchReport,
  /** the candidates table against DuckDB's own COPY */
  write: benchWrite,
  /** exports against DuckDB's own COPY, and their memory */
  exporters: benchExporters,
  /** 1 - busy / total for the demo and SciFact */
  orchestration: benchOrchestration,
  /** 50,000 x 50,000 given vectors through the whole pipeline */
  large: benchLarge,
};

const names = process.argv.slice(2);
for (const name of names) {
  if (!BENCHMARKS[name]) {
    console.error(`${name} is no benchmark; there are ${Object.keys(BENCHMARKS).join(', ')}`);
    process.exit(2);
  }
}
const { model } = cpus()[0]!;
console.log(
  JSON.stringify({
    machine: {
      cpu: model,
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
  }),
);
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  console.log(JSON.stringify({ [name]: await BENCHMARKS[name]!() }, null, 2));
}
