import { bytesOf } from './bytes.ts';
import { fieldsIn, fieldsOf, int64At, int64sOf, textOf } from './wire.ts';

/** One operation of a graph, as far as it is looked at (NodeProto). */
export interface Node {
  readonly operator: string;
  /** Empty: ONNX's own. */
  readonly domain: string;
  readonly name: string;
  /** Tensors by name; an empty name is an input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors of the graph around that its subgraphs (If, Loop) use. */
  readonly captured: readonly string[];
  /** Integer attributes. */
  readonly integers: ReadonlyMap<string, readonly number[]>;
}

/** @param bytes the value of a NodeProto field */
export function decodeNode(bytes: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const captured: string[] = [];
  const integers = new Map<string, readonly number[]>();
  let operator = '';
  let domain = '';
  let name = '';
  for (const field of fieldsIn(bytes)) {
    if (field.number === 1) inputs.push(textOf(bytes, field));
    else if (field.number === 2) outputs.push(textOf(bytes, field));
    else if (field.number === 3) name = textOf(bytes, field);
    else if (field.number === 4) operator = textOf(bytes, field);
    else if (field.number === 7) domain = textOf(bytes, field);
    else if (field.number === 5) {
      const attribute = decodeAttribute(bytes.subarray(field.value, field.end));
      captured.push(...attribute.captured);
      if (attribute.integers.length > 0) integers.set(attribute.name, attribute.integers);
    }
  }
  return { operator, domain, name, inputs, outputs, captured, integers };
}

function decodeAttribute(bytes: Uint8Array) {
  let name = '';
  const integers: number[] = [];
  const captured: string[] = [];
  for (const field of fieldsIn(bytes)) {
    if (field.number === 1) name = textOf(bytes, field);
    else if (field.number === 3 && field.type === 0) integers.push(int64At(bytes, field.value)[0]);
    else if (field.number === 8) integers.push(...int64sOf(bytes, field));
    else if (field.number === 6 || field.number === 11)
      captured.push(...namesUsedIn(bytes.subarray(field.value, field.end)));
  }
  return { name, integers, captured };
}

/** Every tensor that nodes of a subgraph, or its outputs, name; those that it defines itself do no harm. */
function namesUsedIn(graph: Uint8Array): string[] {
  const names: string[] = [];
  for (const { number, value, end } of fieldsOf(bytesOf(graph))) {
    const bytes = graph.subarray(value, end);
    if (number === 1) {
      const node = decodeNode(bytes);
      names.push(...node.inputs, ...node.captured);
    } else if (number === 12) {
      for (const field of fieldsIn(bytes)) if (field.number === 1) names.push(textOf(bytes, field));
    }
  }
  return names;
}
