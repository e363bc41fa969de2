import { QuarryError } from '../failures.ts';
import type { Exporter } from './exporter.ts';

/** What a person may choose, beside the format. */
export interface ExportOptions {
  /** One of the exporter's shapes; `''` where it has one only. */
  readonly shape: string;
  /** Negatives of every row, the first in the order of mining; a query with fewer has no row. */
  readonly negatives?: number | undefined;
  /** Similarities as they are (`scores`), or the positive's minus each negative's (`margin`). */
  readonly scores?: 'scores' | 'margin' | undefined;
  /** The instruction of every query. */
  readonly prompt?: string | undefined;
  /** Name of the data set's split. */
  readonly split?: string | undefined;
  /** Rows of a chunk: the number of rows is a multiple of it. */
  readonly chunk?: number | undefined;
  /** Write the images' files beside the rows, which name those; else the rows name them as the input does. */
  readonly images?: boolean | undefined;
  /** Where the directory will lie when it is read: a path, or a URI. */
  readonly at?: string | undefined;
}

/** The options that not every format takes. `margin` is a value of `--scores`. */
export type OptionName = Exclude<keyof ExportOptions, 'shape'> | 'margin';

/** @throws QuarryError `BadJob` where an option is given that the format does not take */
export function checkOptions(
  { name, shapes, imageShapes, options: takes }: Exporter,
  options: ExportOptions,
): void {
  const refuse = (option: string): QuarryError => {
    const flags = [...(shapes.length > 0 ? ['--shape'] : []), ...takes.map(flag)];
    const rest = flags.length > 0 ? `it takes ${flags.join(', ')}` : 'it takes no options';
    return new QuarryError('BadJob', `${option}: ${name} does not take it; ${rest}`);
  };
  const { shape: _, scores, ...others } = options;
  for (const [option, value] of Object.entries(others)) {
    if (value !== undefined && !takes.includes(option as OptionName))
      throw refuse(flag(option as OptionName));
  }
  if (others.images && imageShapes && !imageShapes.includes(options.shape))
    throw new QuarryError(
      'BadJob',
      `--images: ${name} takes it with --shape ${imageShapes.join(' or ')} only`,
    );
  if (scores !== undefined && !takes.includes(scores)) throw refuse(flag(scores));
}

/** As the command line spells it. */
export function flag(option: OptionName): string {
  if (option === 'scores') return '--scores';
  return option === 'margin' ? '--scores margin' : `--${option}`;
}
