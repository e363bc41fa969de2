import type { ModelFiles } from '../model-files.ts';
import type { GeneratorSettings } from '../model-settings.ts';
import { TextTokenizer } from '../tokenizer.ts';
import { type Check, failed, ok } from './check.ts';

/**
 * Whether tokenizer.json belongs to the model: its ids are within the vocabulary, the tokens of the turn marks are one id
 * each, and the tokens that config.json names by id have the text that tokenizer_config.json says.
 */
export async function checkTokenizer(files: ModelFiles, settings: GeneratorSettings): Promise<Check> {
  const name = 'tokenizer';
  const { config, tokenizerConfig, tokenizer: parsed } = files;
  const tokenizer = await TextTokenizer.load(settings.directory);
  const largest = Math.max(
    0,
    ...Object.values(parsed.model?.vocab ?? {}).filter((id) => typeof id === 'number'),
    ...(parsed.added_tokens ?? []).map(({ id }) => id),
  );
  const belongs = 'tokenizer.json does not belong to this model';
  if (largest >= settings.vocabulary) {
    return failed(
      name,
      `tokenizer.json has ids up to ${largest}, but config.json says vocab_size ${settings.vocabulary}: ${belongs}`,
    );
  }
  const ends = [config.eos_token_id ?? config.text_config?.eos_token_id ?? []].flat();
  const end = contentOf(tokenizerConfig.eos_token);
  if (end !== null && ends.length > 0) {
    const ids = tokenizer.encode(end, false);
    if (ids.length !== 1 || !ends.includes(ids[0]!)) {
      return failed(
        name,
        `the end token ${end} is ${ids.length === 1 ? `id ${ids[0]}` : `cut into ${ids.length} tokens`}, but config.json says eos_token_id ${ends.join(', ')}: ${belongs}`,
      );
    }
  }
  const marks = new Set((settings.chatTemplate ?? '<|im_start|><|im_end|>').match(/<\|?[a-z_]+\|?>/g));
  for (const mark of marks) {
    const ids = tokenizer.encode(mark, false);
    if (ids.length !== 1)
      return failed(
        name,
        `the chat template writes ${mark}, which tokenizer.json cuts into ${ids.length} tokens: ${belongs}`,
      );
  }
  return ok(
    name,
    `${largest + 1} ids within a vocabulary of ${settings.vocabulary}; ${marks.size} marks of the chat template are one token each`,
  );
}

function contentOf(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
}
