import type { ExportOptions } from '../export-options.ts';
import type { Exporter } from '../exporter.ts';
import type { ExportTarget } from './export-target.ts';
import { writeText } from './text-files.ts';

/** `README.md`: what lies here, from which run, with which options, what was left out, and how to load it. */
export async function writeReadme(
  target: ExportTarget,
  exporter: Exporter,
  options: ExportOptions,
  { runId, groups }: { readonly runId: string; readonly groups: readonly string[] },
): Promise<void> {
  const chosen = Object.entries(options).filter(([, value]) => value !== undefined && value !== '');
  const configs = exporter.configs?.(options, { tag: target.tag, groups }) ?? [];
  const lines = [
    ...header(configs),
    `# ${runId} for ${exporter.name}`,
    '',
    `${exporter.description}. Written by \`quarry export\`${chosen.map(([name, value]) => `, ${name} ${JSON.stringify(value)}`).join('')}.`,
    '',
    ...target.leftOut.map(({ rows, reason }) => `- Left out: ${rows} ${reason}.`),
    ...(target.leftOut.length > 0 ? [''] : []),
    '```',
    ...exporter.usage(options),
    '```',
  ];
  await writeText(target, 'README.md', async (write) => {
    for (const line of lines) write(line);
  });
  target.count('README.md', 0);
}

/** The YAML by which `datasets` and the Hugging Face hub find the data. */
function header(configs: readonly Config[]): readonly string[] {
  if (configs.length === 0) return [];
  const lines = configs.map(
    ({ name, split, path }) =>
      `- config_name: ${name}\n  data_files:\n  - split: ${split}\n    path: ${JSON.stringify(path)}`,
  );
  return ['---', 'configs:', ...lines, '---', ''];
}

/**
 * One configuration of a data set, as `load_dataset(directory, name)` takes it. `datasets` 5.2 keeps what it loaded under the
 * directory's last name and these paths alone, so two exports into directories of one name would be mistaken for each
 * other: the path holds the export's tag.
 */
export interface Config {
  readonly name: string;
  readonly split: string;
  /** Relative to the target; may hold `*`. */
  readonly path: string;
}
