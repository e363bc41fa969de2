import type { Node } from './node.ts';
import type { Part } from './onnx-file.ts';
import type { Tensor } from './tensor.ts';
import type { Value } from './value.ts';

/** A graph's parts by name, and who gives what. */
export class GraphView {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** What a caller feeds: inputs that are not constants as well. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly #producers = new Map<string, Node>();
  readonly #constant = new Map<string, boolean>();

  constructor(parts: readonly Part[]) {
    this.nodes = parts.flatMap((part) => (part.kind === 'node' ? [part.node] : []));
    const tensors = parts.flatMap((part) => (part.kind === 'initializer' ? [part.tensor] : []));
    this.constants = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    const values = (kind: 'input' | 'output') =>
      parts.flatMap((part) => (part.kind === kind ? [part.value] : []));
    this.inputs = values('input').filter(({ name }) => !this.constants.has(name));
    this.outputs = values('output');
    for (const node of this.nodes) for (const name of node.outputs) this.#producers.set(name, node);
  }

  /** The node that gives a tensor; undefined for inputs and constants. */
  producer(name: string | undefined): Node | undefined {
    return name === undefined ? undefined : this.#producers.get(name);
  }

  /** Whether a tensor is the same for every input: a constant, or computed from constants only. */
  isConstant(name: string): boolean {
    const known = this.#constant.get(name);
    if (known !== undefined) return known;
    this.#constant.set(name, false);
    const node = this.producer(name);
    const constant = node
      ? node.captured.length === 0 &&
        node.inputs.every((input) => input === '' || this.isConstant(input)) &&
        (node.inputs.length > 0 || node.operator === 'Constant')
      : this.constants.has(name);
    this.#constant.set(name, constant);
    return constant;
  }

  /** A constant of one value. */
  isScalar(name: string): boolean {
    if (!this.isConstant(name)) return false;
    const tensor = this.constants.get(name);
    return tensor ? tensor.shape.every((size) => size === 1) : this.producer(name)?.operator === 'Constant';
  }

  /** Names of all tensors that the given ones are computed from, themselves included. */
  needed(names: readonly string[]): ReadonlySet<string> {
    const needed = new Set<string>();
    const left = [...names];
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === '' || needed.has(name)) continue;
      needed.add(name);
      const node = this.producer(name);
      if (node) left.push(...node.inputs, ...node.captured);
    }
    return needed;
  }

  /** The input of an operation that is not constant, where there is exactly one. */
  variableInput(node: Node): string | null {
    const variable = node.inputs.filter((name) => name !== '' && !this.isConstant(name));
    return variable.length === 1 ? variable[0]! : null;
  }
}
