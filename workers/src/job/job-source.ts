import { type Document, isCollection, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Path } from './job-shape.ts';

/** The text of a job file as values, each with its place in the text. */
export interface JobSource {
  /** As it stands in messages: `job.yaml`. */
  readonly name: string;
  readonly value: unknown;
  /** Mistakes of the YAML itself, ready to print. */
  readonly mistakes: readonly string[];
  /** Where a value stands (or its key); its nearest ancestor where it is not there. */
  placeOf(path: Path, ofKey: boolean): Place;
}

export interface Place {
  readonly offset: number;
  /** `job.yaml:14:17` */
  readonly text: string;
}

/** Reads YAML; JSON is YAML as well. */
export function parseJobSource(name: string, text: string): JobSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const mistakes = document.errors.map((error) => `${at(error.pos[0])} ${error.message}`);
  return {
    name,
    value: mistakes.length > 0 ? null : document.toJS(),
    mistakes,
    placeOf: (path, ofKey) => {
      const offset = offsetOf(document, path, ofKey);
      return { offset, text: at(offset) };
    },
  };
}

/** Where the last step of `path` that is there begins in the text. */
function offsetOf(document: Document, path: Path, ofKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (!isCollection(node)) return offset;
    const item = node.items.find((entry, i) =>
      isPair(entry) ? isScalar(entry.key) && String(entry.key.value) === String(step) : i === step,
    );
    if (item === undefined) return offset;
    const key = isPair(item) ? startOf(item.key) : undefined;
    const value: unknown = isPair(item) ? item.value : item;
    const last = depth === path.length - 1;
    // A mapping begins where its first key does: its own key says better where it is.
    const whole = isCollection(value) && !value.flow;
    offset = ((ofKey && last) || whole ? key : undefined) ?? startOf(value) ?? key ?? offset;
    node = value;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
