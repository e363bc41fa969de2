import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { VECTOR_OUTPUTS } from '../embedder/graph-signature.ts';
import { openSession } from '../embedder/open-session.ts';
import { QuarryError } from '../failures.ts';

/** One row of tokens. */
export interface JudgedRow {
  readonly ids: readonly number[];
  /** Token types; all 0 where there are none. */
  readonly types?: readonly number[];
}

/** Sizes of a decoder's keys and values, where its graph leaves them open. */
export interface KeyValueSizes {
  readonly heads: number | null;
  readonly dimension: number | null;
}

/** Inputs that are filled from tokens. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];

/**
 * An ONNX graph that gives logits, on onnxruntime (CPU). `run` blocks the thread: only for pool kernels. Rows are padded
 * on the right to one length, dummy rows fill up; a decoder's inputs for earlier keys and values are fed empty.
 */
export class JudgeGraph {
  readonly #session: InferenceSession;
  readonly #inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly (number | string)[];
  }[];
  readonly #sizes: KeyValueSizes;
  readonly #padId: number;
  readonly #where: string;

  /** @throws QuarryError BadModel where the graph cannot be loaded, cannot be fed, or has no output `logits` */
  static async open(path: string, padId: number, sizes: KeyValueSizes, threads: number): Promise<JudgeGraph> {
    const session = await openSession(path, threads);
    return new JudgeGraph(session, padId, sizes, path);
  }

  private constructor(session: InferenceSession, padId: number, sizes: KeyValueSizes, where: string) {
    this.#session = session;
    this.#padId = padId;
    this.#sizes = sizes;
    this.#where = where;
    const { outputNames } = session;
    if (!outputNames.includes('logits')) {
      const advice = outputNames.some((name) => VECTOR_OUTPUTS.includes(name))
        ? 'it gives hidden states: an embedding model cannot judge; take an export with its head'
        : 'expected an output logits';
      throw new QuarryError('BadModel', `${where}: outputs ${outputNames.slice(0, 8).join(', ')}: ${advice}`);
    }
    this.#inputs = session.inputMetadata.map((input) => {
      const known = INPUTS.includes(input.name) || input.name.startsWith('past');
      if (!known || !input.isTensor)
        throw new QuarryError(
          'BadModel',
          `${where}: input ${input.name} cannot be fed; known are ${INPUTS.join(', ')}`,
        );
      return { name: input.name, type: input.type, shape: input.shape };
    });
  }

  /** The logits of a batch of exactly `rows` x `length`, with their shape. */
  async run(
    items: readonly JudgedRow[],
    rows: number,
    length: number,
  ): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }> {
    const feeds: Record<string, Tensor> = {};
    for (const { name, type, shape } of this.#inputs)
      feeds[name] = name.startsWith('past')
        ? this.#emptyPast(type, shape, rows)
        : this.#tokens(name, type, items, rows, length);
    const { logits } = await this.#session.run(feeds, ['logits']);
    const { data, dims } = logits!;
    if (!(data instanceof Float32Array)) {
      throw new QuarryError('BadModel', `${this.#where}: logits of type ${logits!.type}; float32 is needed`);
    }
    const copy = { data: data.slice(), shape: [...dims] };
    logits!.dispose();
    return copy;
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #tokens(name: string, type: string, items: readonly JudgedRow[], rows: number, length: number): Tensor {
    const value = (row: number, i: number): number => {
      // A dummy row sees its first token: a row that sees nothing would give NaN.
      const ids = items[row]?.ids ?? [this.#padId];
      if (name === 'input_ids') return ids[i] ?? this.#padId;
      if (name === 'attention_mask') return i < ids.length ? 1 : 0;
      if (name === 'position_ids') return i;
      return items[row]?.types?.[i] ?? 0;
    };
    const at = (place: number): number => value(Math.floor(place / length), place % length);
    const size = rows * length;
    return type === 'int64'
      ? new Tensor(
          'int64',
          BigInt64Array.from({ length: size }, (_, place) => BigInt(at(place))),
          [rows, length],
        )
      : new Tensor(
          'int32',
          Int32Array.from({ length: size }, (_, place) => at(place)),
          [rows, length],
        );
  }

  #emptyPast(type: string, shape: readonly (number | string)[], rows: number): Tensor {
    const [, heads, , dimension] = shape;
    const sizes = [
      typeof heads === 'number' ? heads : this.#sizes.heads,
      typeof dimension === 'number' ? dimension : this.#sizes.dimension,
    ];
    if (shape.length !== 4 || sizes.includes(null)) {
      throw new QuarryError(
        'BadModel',
        `${this.#where}: neither the graph nor config.json (num_key_value_heads, head_dim) says how large its keys and values are`,
      );
    }
    const dims = [rows, sizes[0]!, 0, sizes[1]!];
    return type === 'float16'
      ? new Tensor('float16', new Uint16Array(0), dims)
      : new Tensor('float32', new Float32Array(0), dims);
  }
}
