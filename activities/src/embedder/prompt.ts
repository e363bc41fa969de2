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

/** The user turn for a text without an image. */
export function userTurn(prompt: Prompt, text: string, side: Side): string {
  const instruction = side === 'query' ? prompt.queryText : prompt.document;
  if (instruction === '') return text;
  if (instruction.includes('{text}')) return instruction.split('{text}').join(text);
  return `${text}\n${instruction}`;
}
