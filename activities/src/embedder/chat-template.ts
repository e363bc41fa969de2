import { Template } from '@huggingface/jinja';
import { QuarryError } from '../failures.ts';
import type { TurnPart } from './prompt.ts';

/** Renders one user turn, after a system turn where there is one, up to where the model would begin to answer. */
export type RenderChat = (system: string, user: readonly TurnPart[]) => string;

const ADVICE = 'mend it, fetch the file of the model anew, or remove the template: then ChatML is written';

/** For models without a template. */
const chatMl: RenderChat = (system, user) =>
  `${system === '' ? '' : `<|im_start|>system\n${system}<|im_end|>\n`}<|im_start|>user\n${textOf(user)}<|im_end|>\n<|im_start|>assistant\n`;

/**
 * @param source Jinja, as in tokenizer_config.json; null: ChatML
 * @param tokenizerConfig gives the template its `bos_token` and the like
 * @param images the model takes images
 * @param where file of the template, for errors
 * @throws QuarryError BadModel where the template cannot be parsed, fails, or loses text or image
 */
export function chatRenderer(
  source: string | null,
  tokenizerConfig: Readonly<Record<string, unknown>>,
  images = false,
  where = 'model',
): RenderChat {
  if (source === null) return chatMl;
  const template = parse(source, where);
  const tokens = Object.fromEntries(
    Object.entries(tokenizerConfig)
      .filter(([name]) => name.endsWith('_token'))
      .map(([name, token]) => [name, contentOf(token)]),
  );
  const render = (messages: readonly Message[]): string =>
    template.render({ ...tokens, messages, add_generation_prompt: true });
  const inParts: RenderChat = (system, user) =>
    render([
      ...(system === '' ? [] : [{ role: 'system', content: [{ type: 'text', text: system } as const] }]),
      { role: 'user', content: user },
    ]);
  const asStrings: RenderChat = (system, user) =>
    render([
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: textOf(user) },
    ]);
  const withinUserTurn: RenderChat = (system, user) =>
    render([{ role: 'user', content: system === '' ? textOf(user) : `${system}\n\n${textOf(user)}` }]);

  // A template that knows parts is written for images. Some (Gemma's) know no system turn: they refuse or drop it.
  const ways = images ? [inParts] : [asStrings, inParts, withinUserTurn];
  const faults: string[] = [];
  for (const way of ways) {
    const fault = faultOf(way, images);
    if (fault === null) return way;
    faults.push(fault);
  }
  throw new QuarryError('BadModel', `${where}: the chat template ${faults[0]}; ${ADVICE}`);
}

interface Message {
  readonly role: string;
  readonly content: string | readonly TurnPart[];
}

/** What a way of rendering loses, or how it fails; null: nothing. */
function faultOf(render: RenderChat, images: boolean): string | null {
  try {
    const text = { type: 'text', text: 'userprobe' } as const;
    const rendered = render('sysprobe', [text]);
    if (!rendered.includes('sysprobe') || !rendered.includes('userprobe'))
      return 'renders neither a system turn nor the text of a user turn';
    if (images && render('sysprobe', [{ type: 'image' }, text]) === rendered)
      return 'drops the image of a user turn';
    return null;
  } catch (error) {
    return `fails: ${(error as Error).message}`;
  }
}

/** The text of a turn for models that take text only. */
function textOf(user: readonly TurnPart[]): string {
  return user.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function parse(source: string, where: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const message = `${where}: the chat template is not understood: ${(cause as Error).message}; ${ADVICE}`;
    throw new QuarryError('BadModel', message, { cause });
  }
}

function contentOf(token: unknown): unknown {
  return typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
}
