import type { Job, Side } from '@quarry/workflows';

/**
 * What a generator is told beside the text: the hierarchical prompt of arXiv 2508.00955 and its parts. An instruction
 * follows the text on a line of its own, or stands around it where it holds `{text}`.
 */
export interface Prompt {
  /** The system turn; empty: none. */
  readonly system: string;
  /** Instruction in the user turn of a query without an image. */
  readonly queryText: string;
  /** Instruction in the user turn of a query with an image. */
  readonly queryImage: string;
  /** Instruction in the user turn of a document. */
  readonly document: string;
}

const SYSTEM =
  'Given an image, summarize the provided image in one word. Given only text, describe the text in one word.';
const NOTHING: Prompt = { system: '', queryText: '', queryImage: '', document: '' };
const USER: Prompt = {
  ...NOTHING,
  queryText: 'Represent the given text in one word.',
  queryImage: 'Represent the given text/image in one word.',
};

const PROMPTS = {
  hierarchical: { ...USER, system: SYSTEM },
  system: { ...NOTHING, system: SYSTEM },
  user: USER,
  none: NOTHING,
} as const;

/** The prompt that a job's `model.prompt` means: a name, or its parts (what is left out is empty). */
export function resolvePrompt(prompt: Extract<Job['model'], { kind: 'generator' }>['prompt']): Prompt {
  if (typeof prompt === 'string') return PROMPTS[prompt];
  const { system = '', queryText = '', queryImage = '', document = '' } = prompt;
  return { system, queryText, queryImage, document };
}

/** What a user turn is made of, in the words of chat templates. */
export type TurnPart = { readonly type: 'text'; readonly text: string } | { readonly type: 'image' };

/** Stands in a text for its image (as in MMEB); where it is missing, the image comes first. */
export const IMAGE_PLACE = '<|image_1|>';

/** The user turn for a text, an image, or both. */
export function userTurn(
  prompt: Prompt,
  { text, image }: { readonly text: string; readonly image: boolean },
  side: Side,
): readonly TurnPart[] {
  const query = image ? prompt.queryImage : prompt.queryText;
  const placed = image && !text.includes(IMAGE_PLACE) ? IMAGE_PLACE + text : text;
  const turn = withInstruction(side === 'query' ? query : prompt.document, placed);
  if (!image) return [{ type: 'text', text: turn }];
  const [before, after] = splitOnce(turn, IMAGE_PLACE);
  const parts: TurnPart[] = [
    { type: 'text', text: before },
    { type: 'image' },
    { type: 'text', text: after },
  ];
  return parts.filter((part) => part.type === 'image' || part.text !== '');
}

function withInstruction(instruction: string, text: string): string {
  if (instruction === '') return text;
  if (instruction.includes('{text}')) return instruction.split('{text}').join(text);
  return `${text}\n${instruction}`;
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
