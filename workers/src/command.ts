import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CommandError, type ExitCode } from './command-error.ts';
import { readSettings, type Settings } from './settings.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const EXAMPLES = `
Examples:
  quarry mine job.yaml                          mine, with a local Temporal server and local workers
  quarry mine job.yaml --set mining.topK=7      the same with another field
  quarry plan job.yaml                          what would be done
  quarry inspect out/runs/<run id> --sample 3   what was kept, what was dropped, and why
  quarry export out/runs/<run id> --format flagembedding --to DIR
                                                the run as another trainer reads it
  quarry evaluate out/runs/<run id> --truth qrels.tsv
                                                how many of its negatives are false
  quarry model prepare DIR                      a generator's export, rewritten to give embeddings
  quarry up                                     the Temporal UI with all earlier runs

Exit codes: 0 done; 1 the run failed or was cancelled from elsewhere; 2 the command or the job is wrong
and nothing was started; 130 interrupted.
Environment: HF_ENDPOINT, HF_TOKEN and HF_HOME for hf:, TEMPORAL_ADDRESS and Temporal's other variables and profiles, AWS_* for s3:, QUARRY_HOME
(~/.quarry), QUARRY_CACHE (~/.cache/quarry), QUARRY_LOG (info), NO_COLOR.`;

/** Runs one command to its end and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const settings = readSettings();
  let code: ExitCode = 0;
  const program = quarryCommand(settings, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    code = explain(error);
  }
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
}

/** What was printed has left the process: a pipe takes 64 KiB at once, and leaving would cut off the rest. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else {
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    }
  });
}

function explain(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandError) {
    console.error(error.message);
    return error.exitCode;
  }
  const { name, message, stack } = error as Error;
  const expected = name === 'ServerError' || name === 'QuarryError';
  console.error(expected ? message : (stack ?? message));
  return 1;
}

/** The command line. What a command needs is loaded when it is called, so that `--help` is instant. */
function quarryCommand(settings: Settings, end: (code: ExitCode) => void): Command {
  const program = new Command('quarry')
    .description('Mines hard negatives for training embedding models: durable, resumable, at any scale.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(quarry --help lists the commands)')
    .addHelpText('after', EXAMPLES);

  withJob(program.command('mine'))
    .description('run a job to its committed result, with live progress')
    .option('--json', 'last line of standard output: the result as JSON; all else goes to standard error')
    .option('--detach', 'start the run and return; it goes on without this command')
    .action(async (job, options) =>
      end(await (await import('./commands/mine.ts')).mine(job, options, settings)),
    );

  withJob(program.command('plan'))
    .description(
      'say what a job would do: rows, shards, units, engine, memory, what is cached; touches nothing',
    )
    .option('--json', 'as JSON')
    .action(async (job, options) => (await import('./commands/plan.ts')).plan(job, options, settings));

  program
    .command('list')
    .description('list runs: those that the Temporal server knows, or those committed under an output')
    .option('--output <uri>', 'read the manifests under this output; no server is needed')
    .option('--limit <n>', 'at most so many', positive, 20)
    .option('--json', 'as JSON, a line each')
    .action(async (options) => (await import('./commands/list.ts')).list(options, settings));

  program
    .command('status <run>')
    .description('say how far a run is; <run> is a run id or a workflow id')
    .option('--json', 'as JSON')
    .action(async (run, options) => (await import('./commands/status.ts')).status(run, options, settings));

  program
    .command('cancel <run>')
    .description('cancel a run; native work stops within seconds, what is done is kept')
    .action(async (run) => end(await (await import('./commands/cancel.ts')).cancel(run, settings)));

  program
    .command('inspect <run>')
    .description(
      'show queries with what was kept, what was dropped and why; <run> is a directory, a URI or a run id',
    )
    .option('--query <id>', 'this query')
    .option(
      '--sample <n>',
      'so many queries, those with negatives first, drawn at random but always the same',
      positive,
    )
    .option('--reason <name>', 'only candidates dropped for this reason')
    .option('--suspects', 'the likeliest false negatives first; with --sample so many')
    .option('--limit <n>', 'candidates per query at most', positive, 10)
    .option('--html <file>', 'write them as a page in the look of the report')
    .option('--json', 'as JSON, a line per query')
    .action(async (run, options) => (await import('./commands/inspect.ts')).inspect(run, options, settings));

  program
    .command('export [run]')
    .description("write a run in another trainer's format; <run> is a directory, a URI or a run id")
    .requiredOption('--format <name>', 'the format; "list" lists them, with what each takes')
    .option('--to <place>', 'a directory or s3: URI that does not exist, or is empty')
    .option('--shape <name>', 'the shape, where a format has several; default the first')
    .option(
      '--negatives <n>',
      'exactly so many negatives in every row; queries with fewer are left out',
      positive,
    )
    .option('--scores [kind]', 'similarities as well; "margin": the positive\'s minus each negative\'s')
    .option('--prompt <text>', 'the instruction of every query')
    .option('--split <name>', "the data set's split")
    .option('--chunk <rows>', 'rows of a chunk, of which there are whole ones only', positive)
    .option('--images', "write the images' files beside the rows; else the rows name them as the input does")
    .option('--at <place>', 'where the directory will lie when it is read')
    .option('--json', 'as JSON')
    .action(async (run, options) =>
      end(await (await import('./commands/export.ts')).exportTo(run, options, settings)),
    );

  const model = program.command('model').description('work on models: pull, prepare, verify');
  model
    .command('pull <model>')
    .description(
      'fetch a model of the Hugging Face hub, hf:owner/name[@revision]: the files that it is run from',
    )
    .option('--dtype <dtype>', 'which of several exports: fp32, fp16, q8, int8, uint8, q4, q4f16, bnb4')
    .option('--file <path>', 'the graph inside the repository')
    .option('--encoder', 'an encoder (BERT-like) in place of a generator')
    .option('--json', 'as JSON')
    .action(async (reference, options) =>
      end(await (await import('./commands/model-pull.ts')).pull(reference, options, settings)),
    );
  model
    .command('prepare <directory>')
    .description("rewrite a generator's decoders to give embeddings, once, beside the originals")
    .option(
      '--prefix [prompt]',
      'and bake in the system turn of a prompt, where the graph allows it; default hierarchical',
    )
    .option('--json', 'as JSON')
    .action(async (directory, options) =>
      end(await (await import('./commands/model-prepare.ts')).prepare(directory, options, settings)),
    );
  model
    .command('verify <model>')
    .description(
      'prove on this machine that a generator works; <model> as in a job: directory, bundled:, hf:, s3:',
    )
    .option('--dtype <dtype>', 'which of several exports: fp32, fp16, q8, int8, uint8, q4, q4f16, bnb4')
    .option('--file <path>', 'the graph inside the directory')
    .option('--json', 'as JSON')
    .action(async (reference, options) =>
      end(await (await import('./commands/model-verify.ts')).verify(reference, options, settings)),
    );

  program
    .command('evaluate <run...>')
    .description(
      'say how many negatives of runs are false; <run> is a directory, a URI or a run id, NAME=<run> names its series',
    )
    .requiredOption('--truth <file>', 'qrels, labels, or verdicts of people')
    .option('--min-relevance <n>', 'relevance from which a judgement counts as relevant', Number, 1)
    .option('--csv <file>', 'and every figure as CSV')
    .option('--plot <file>', 'and rate over hardness as SVG, a line per series')
    .option('--json', 'as JSON')
    .action(async (runs, options) =>
      end(await (await import('./commands/evaluate.ts')).evaluate(runs, options, settings)),
    );

  program
    .command('promote <run>')
    .description('write candidates that look like missing positives, with evidence, for people to accept')
    .requiredOption('--to <file>', 'a JSONL file that does not exist; evaluate --truth reads it back')
    .option('--json', 'as JSON')
    .action(async (run, options) => (await import('./commands/rounds.ts')).promote(run, options, settings));

  program
    .command('label <run>')
    .description('write a random sample of the negatives for people to judge: how many are false')
    .requiredOption('--to <file>', 'a JSONL file that does not exist; evaluate --truth reads it back')
    .option('--rows <n>', 'negatives in the sample', positive, 200)
    .option('--json', 'as JSON')
    .action(async (run, options) => (await import('./commands/rounds.ts')).label(run, options, settings));

  program
    .command('churn <run> <previous>')
    .description('say how the negatives of a round differ from those of an earlier one, and why')
    .option('--json', 'as JSON')
    .action(async (run, previous, options) =>
      (await import('./commands/rounds.ts')).churn([run, previous], options, settings),
    );

  program
    .command('up')
    .description('run the local Temporal server with its Web UI until Ctrl-C')
    .option('--s3', 'and a local S3 server')
    .action(async (options) => end(await (await import('./commands/up.ts')).up(options, settings)));

  program
    .command('worker')
    .description("run a worker process of a deployment: serves its roles' task queues until SIGTERM")
    .requiredOption('--role <roles>', 'workflows, gpu, cpu, io: one or several, separated by commas')
    .option('--grace <seconds>', 'how long units in flight may go on after SIGTERM', positive, 300)
    .addOption(new Option('--local').hideHelp())
    .action(async ({ role, grace, local }) => {
      const [{ parseRoles }, { localWorker, worker }] = await Promise.all([
        import('./roles.ts'),
        import('./commands/worker.ts'),
      ]);
      const roles = parseRoles(role);
      await (local ? localWorker(roles, settings) : worker(roles, grace, settings));
    });

  return program;
}

function withJob(command: Command): Command {
  const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
  return command
    .argument('<job>', 'job file: YAML or JSON')
    .option('--set <path=value>', 'override a field, as mining.topK=7; several times', collect)
    .option('--output <uri>', 'write here instead: a directory, or an s3: URI');
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It is not a whole number of at least 1.');
  return value;
}
