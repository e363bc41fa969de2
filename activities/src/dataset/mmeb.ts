import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { optionalTextField } from './fields.ts';
import { ImageReader } from './image-reader.ts';
import { imageRootOf } from './image-uri.ts';
import { findFile, type InputFile, splitUri, trimSlashes } from './input-file.ts';
import type { Input } from './input-format.ts';
import { ROW_FORMATS, readRows } from './read-rows.ts';
import type { RowContent, RowImage } from './row-content.ts';
import type { RowImages } from './row-images.ts';
import { BadRow, type SourceRow } from './source-row.ts';
import { stageRows } from './stage-rows.ts';

const COLUMNS = ['qry', 'qry_image_path', 'pos_text', 'pos_image_path'];
const IMAGES = ['qry_image_path', 'pos_image_path'];
const EXPECTED = `one pair per row with the columns ${COLUMNS.join(', ')}`;

/** Stands in a text where its image goes. */
const IMAGE_TOKEN = /<\|image_(\d+)\|>\s*/g;

/** A file of a subset. */
interface SubsetFile {
  readonly subset: string;
  readonly file: InputFile;
}

/**
 * MMEB's columns `qry, qry_image_path, pos_text, pos_image_path`; one group per subset. A directory has a directory per
 * subset with `<split>.<ending>` or `<split>-00000-of-00002.<ending>` in it, or a file per subset, `<subset>.<ending>`;
 * a single file is one subset named after it. The token `<|image_1|>` is taken out of the text: the image goes where the
 * model's template puts it, before the text. Ids are `<subset>:<row>`.
 *
 * @throws QuarryError BadJob where no subset is found
 */
export async function mmebInput(context: StageContext, input: Job['input']): Promise<Input> {
  const found = await subsetFiles(context, trimSlashes(input.path), input.split);
  const groups = [...new Set(found.map(({ subset }) => subset))];
  const root = imageRootOf(input);
  return {
    files: { pairs: found.map(({ file }) => file) },
    groups,
    images: { root, fields: { pairs: IMAGES } },
    stage: async (context, staging, scratch) => {
      const reader = new ImageReader(context, { root, maxPixels: input.maxImagePixels });
      const rowsOfGroup = groups.map(() => 0);
      for (const [number, { file, subset }] of found.entries()) {
        const group = groups.indexOf(subset);
        const rows = readRows(context, file, COLUMNS, join(scratch, `subset-${number}`));
        const stage: Parameters<typeof stageRows>[4] = (values, { line }, images) => {
          const row = staging.fileRows.pairs - 1;
          const id = `${subset}:${rowsOfGroup[group]!++}`;
          const query = contentOf(values, 'qry', 'qry_image_path', images);
          const positive = contentOf(values, 'pos_text', 'pos_image_path', images);
          const place = { source: 'pairs' as const, file: number, row, line, id, group };
          const document = staging.addDocument({ ...place, ...positive });
          staging.addPair({
            file: number,
            line,
            query: staging.addQuery({ ...place, ...query }),
            document,
            relevance: 1,
          });
        };
        await stageRows(context, staging, 'pairs', inFile(rows, number), stage, { reader, names: IMAGES });
      }
    },
  };
}

function contentOf(
  values: Readonly<Record<string, unknown>>,
  textName: string,
  imageName: string,
  rowImages: RowImages,
): RowContent {
  const { images, isList } = rowImages.of(imageName);
  if (isList && images.length > 1)
    throw new BadRow(`"${imageName}" holds ${images.length} images; one per query or document is supported`);
  const image: RowImage | null = images[0] ?? null;
  const given = optionalTextField(values, textName);
  const tokens = new Set([...given.matchAll(IMAGE_TOKEN)].map(([, number]) => number));
  if (tokens.size > 1)
    throw new BadRow(`"${textName}" has places for ${tokens.size} images; one is supported`);
  if (tokens.size === 1 && image === null)
    throw new BadRow(`"${textName}" has a place for an image, but "${imageName}" names none`);
  const text = given.replaceAll(IMAGE_TOKEN, '');
  if (text.trim() !== '') return { text, image };
  if (image === null)
    throw new BadRow(`neither "${textName}" nor "${imageName}" holds anything: there is nothing to embed`);
  return { text: '', image };
}

async function* inFile(
  batches: AsyncIterable<readonly SourceRow[]>,
  file: number,
): AsyncGenerator<readonly SourceRow[]> {
  for await (const batch of batches) yield batch.map((row) => ({ ...row, file }));
}

/** The files of every subset, by the names of the subsets. */
async function subsetFiles(context: StageContext, path: string, split: string): Promise<SubsetFile[]> {
  const { directory, name } = splitUri(path);
  if (endingOf(name)) {
    const file = await findFile(context, { directory, names: [name], expected: EXPECTED });
    return [{ subset: name.slice(0, -endingOf(name)!.length), file }];
  }
  const found: SubsetFile[] = [];
  const others = new Set<string>();
  for await (const { uri, bytes } of context.openStore(path).list(`${path}/`)) {
    const relative = decodeName(uri, path);
    const ending = endingOf(relative);
    const parts = relative.split('/');
    if (!ending || parts.length > 2) continue;
    const stem = parts.at(-1)!.slice(0, -ending.length);
    const inSubset = parts.length === 2;
    if (inSubset && stem.replace(/-\d+-of-\d+$/, '') !== split) {
      others.add(stem.replace(/-\d+-of-\d+$/, ''));
      continue;
    }
    found.push({ subset: inSubset ? parts[0]! : stem, file: { uri, name: relative, bytes } });
  }
  if (found.length === 0) throw noSubset(path, split, [...others].sort());
  return found.sort((a, b) => Buffer.compare(Buffer.from(sortKey(a)), Buffer.from(sortKey(b))));
}

function sortKey({ subset, file }: SubsetFile): string {
  return `${subset}\0${file.name}`;
}

function endingOf(name: string): string | undefined {
  const endings = ROW_FORMATS.flatMap((ending) => [ending, `${ending}.gz`]);
  return endings.find((ending) => name.toLowerCase().endsWith(ending));
}

function decodeName(uri: string, directory: string): string {
  const name = uri.slice(directory.length + 1);
  return uri.startsWith('file:') ? decodeURIComponent(name) : name;
}

function noSubset(path: string, split: string, splits: readonly string[]): QuarryError {
  const there =
    splits.length > 0
      ? `its subsets have the splits ${splits.join(', ')}: set input.split to one of them`
      : `expected ${path}/<subset>/${split}.parquet (or .jsonl, or ${split}-00000-of-00002.parquet), or ${path}/<subset>.jsonl`;
  return new QuarryError('BadJob', `${path} holds no subset with the split ${split}; ${there}`);
}
