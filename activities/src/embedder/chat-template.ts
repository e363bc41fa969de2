import { Template } from '@huggingface/jinja';
import { QuarryError } from '../failures.ts';

/** Renders one user turn, after a system turn where there is one, up to where the model would begin to answer. */
export type RenderChat = (system: string, user: string) => string;

/** For models without a template. */
const chatMl: RenderChat = (system, user) =>
  `${system === '' ? '' : `<|im_start|>system\n${system}<|im_end|>\n`}<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n`;

/**
 * @param source Jinja, as in tokenizer_config.json; null: ChatML
 * @param tokenizerConfig gives the template its `bos_token` and the like
 * @throws QuarryError BadModel where the template cannot be parsed, or loses the text
 */
export function chatRenderer(
  source: string | null,
  tokenizerConfig: Readonly<Record<string, unknown>>,
): RenderChat {
  if (source === null) return chatMl;
  const template = parse(source);
  const tokens = Object.fromEntries(
    Object.entries(tokenizerConfig)
      .filter(([name]) => name.endsWith('_token'))
      .map(([name, token]) => [name, contentOf(token)]),
  );
  const render = (messages: readonly { role: string; content: string }[]): string =>
    template.render({ ...tokens, messages, add_generation_prompt: true });
  const withSystemTurn: RenderChat = (system, user) =>
    render([
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: user },
    ]);
  const withinUserTurn: RenderChat = (system, user) =>
    render([{ role: 'user', content: system === '' ? user : `${system}\n\n${user}` }]);

  const works = (renderer: RenderChat): boolean => {
    const text = renderer('sysprobe', 'userprobe');
    return text.includes('sysprobe') && text.includes('userprobe');
  };
  // Some templates (Gemma's) know no system turn: they refuse or drop it.
  if (attempt(() => works(withSystemTurn))) return withSystemTurn;
  if (attempt(() => works(withinUserTurn))) return withinUserTurn;
  throw new QuarryError(
    'BadModel',
    'the chat template renders neither a system turn nor the text of a user turn',
  );
}

function parse(source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    throw new QuarryError('BadModel', `the chat template is not understood: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function contentOf(token: unknown): unknown {
  return typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
}
