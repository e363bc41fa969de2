import type { InferenceSession } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';

/** What a graph takes and gives, as far as it is used. */
export interface GraphSignature {
  /** Inputs by name, with the integers that they take. */
  readonly inputs: ReadonlyMap<InputName, 'int64' | 'int32'>;
  /** The output that is fetched. */
  readonly output: string;
  /** The output is one vector per row already. */
  readonly pooled: boolean;
}

export type InputName = 'input_ids' | 'attention_mask' | 'token_type_ids' | 'position_ids';
const INPUTS: readonly string[] = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];
const POOLED = 'sentence_embedding';
const HIDDEN = ['last_hidden_state', 'token_embeddings', 'hidden_states'];

/**
 * Reads the signature of a session, and refuses what cannot be fed or gives no hidden state.
 *
 * @param where names the graph in errors
 * @throws QuarryError BadModel with the names that are there
 */
export function graphSignature(
  { inputMetadata, outputMetadata }: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  where: string,
): GraphSignature {
  const inputs = new Map<InputName, 'int64' | 'int32'>();
  for (const input of inputMetadata) {
    const type = input.isTensor ? input.type : 'no tensor';
    if (!INPUTS.includes(input.name) || (type !== 'int64' && type !== 'int32')) {
      const past = input.name.startsWith('past')
        ? ': an export for generating text; it will take `quarry model prepare` (not there yet), or export the model without a cache and with its hidden state'
        : `; known are ${INPUTS.join(', ')} of int64 or int32`;
      throw new QuarryError('BadModel', `${where}: input ${input.name} (${type}) cannot be fed${past}`);
    }
    if (input.name === 'position_ids' && input.isTensor && input.shape.length !== 2) {
      throw new QuarryError(
        'BadModel',
        `${where}: position_ids has ${input.shape.length} axes; positions of images are not supported yet`,
      );
    }
    inputs.set(input.name as InputName, type);
  }
  if (!inputs.has('input_ids')) {
    throw new QuarryError(
      'BadModel',
      `${where}: no input input_ids; there is: ${[...inputs.keys()].join(', ')}`,
    );
  }
  const names = outputMetadata.map(({ name }) => name);
  const output = [POOLED, ...HIDDEN].find((name) => names.includes(name));
  if (output === undefined) {
    const advice = names.includes('logits')
      ? 'only logits are offered; it will take `quarry model prepare` (not there yet), or export the model with its last hidden state'
      : `expected one of ${[POOLED, ...HIDDEN].join(', ')}`;
    throw new QuarryError('BadModel', `${where}: outputs ${names.slice(0, 8).join(', ')}: ${advice}`);
  }
  return { inputs, output, pooled: output === POOLED };
}
