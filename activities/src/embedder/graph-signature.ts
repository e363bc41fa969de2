import type { InferenceSession } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';

/** What a graph takes and gives, as far as it is used. */
export interface GraphSignature {
  /** Integer inputs by name, with the integers that they take. */
  readonly inputs: ReadonlyMap<InputName, 'int64' | 'int32'>;
  /** The graph takes embedded tokens in place of ids. */
  readonly embedded: 'float32' | 'float16' | null;
  /** Keys and values of earlier tokens, to be fed with none. */
  readonly past: readonly PastInput[];
  /** 3: one position each for time, height and width. */
  readonly positionAxes: 1 | 3;
  /** The output that is fetched. */
  readonly output: string;
  /** The output is one vector per row already. */
  readonly pooled: boolean;
}

export interface PastInput {
  readonly name: string;
  readonly type: 'float32' | 'float16';
  /** Of [batch, heads, past, head dimension]; null where the graph leaves it open. */
  readonly heads: number | null;
  readonly headDimension: number | null;
}

export type InputName =
  | 'input_ids'
  | 'attention_mask'
  | 'token_type_ids'
  | 'position_ids'
  | 'last_token_index'
  | 'num_logits_to_keep';
const INPUTS: readonly string[] = [
  'input_ids',
  'attention_mask',
  'token_type_ids',
  'position_ids',
  'last_token_index',
  'num_logits_to_keep',
];
const POOLED = 'sentence_embedding';
const HIDDEN = ['last_hidden_state', 'token_embeddings', 'hidden_states'];
/** Outputs from which a vector is taken, the best first. */
export const VECTOR_OUTPUTS: readonly string[] = [POOLED, ...HIDDEN];

type Metadata = InferenceSession['inputMetadata'][number];

/**
 * Reads the signature of a session, and refuses what cannot be fed or gives no hidden state.
 *
 * @param where names the graph in errors
 * @param wanted outputs that are good for the purpose, the best first
 * @throws QuarryError BadModel with the names that are there
 */
export function graphSignature(
  { inputMetadata, outputMetadata }: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  where: string,
  wanted: readonly string[] = VECTOR_OUTPUTS,
): GraphSignature {
  const inputs = new Map<InputName, 'int64' | 'int32'>();
  const past: PastInput[] = [];
  let embedded: 'float32' | 'float16' | null = null;
  let positionAxes: 1 | 3 = 1;
  for (const input of inputMetadata) {
    const type = input.isTensor ? input.type : 'no tensor';
    const floats = type === 'float32' || type === 'float16';
    if (input.name === 'inputs_embeds' && floats) embedded = type;
    else if (/^past_/.test(input.name) && floats) past.push(pastInput(input, type, where));
    else if (INPUTS.includes(input.name) && (type === 'int64' || type === 'int32')) {
      inputs.set(input.name as InputName, type);
      if (input.name === 'position_ids') positionAxes = axesOf(input, where);
    } else {
      throw new QuarryError(
        'BadModel',
        `${where}: input ${input.name} (${type}) cannot be fed; known are ${INPUTS.join(', ')} of int64 or int32, inputs_embeds and past_key_values.*`,
      );
    }
  }
  if (!inputs.has('input_ids') && embedded === null) {
    const names = inputMetadata.map(({ name }) => name).join(', ');
    throw new QuarryError(
      'BadModel',
      `${where}: neither an input input_ids nor inputs_embeds; there is: ${names}`,
    );
  }
  const names = outputMetadata.map(({ name }) => name);
  const output = wanted.find((name) => names.includes(name));
  if (output === undefined) {
    const advice = names.includes('logits')
      ? 'only logits are offered; run `quarry model prepare DIR`, or export the model with its last hidden state'
      : `expected one of ${wanted.join(', ')}`;
    throw new QuarryError('BadModel', `${where}: outputs ${names.slice(0, 8).join(', ')}: ${advice}`);
  }
  return { inputs, embedded, past, positionAxes, output, pooled: output === POOLED };
}

function pastInput(input: Metadata, type: PastInput['type'], where: string): PastInput {
  const shape = input.isTensor ? input.shape : [];
  const number = (size: number | string | undefined): number | null =>
    typeof size === 'number' ? size : null;
  if (shape.length === 4)
    return { name: input.name, type, heads: number(shape[1]), headDimension: number(shape[3]) };
  throw new QuarryError(
    'BadModel',
    `${where}: ${input.name} has shape ${shape.join(' x ')}; expected batch x heads x past x head dimension: export the model again, or without a cache`,
  );
}

function axesOf(input: Metadata, where: string): 1 | 3 {
  const shape = input.isTensor ? input.shape : [];
  if (shape.length === 2) return 1;
  if (shape.length === 3 && (shape[0] === 3 || typeof shape[0] === 'string')) return 3;
  throw new QuarryError(
    'BadModel',
    `${where}: position_ids has shape ${shape.join(' x ')}; expected batch x sequence, or 3 x batch x sequence`,
  );
}
