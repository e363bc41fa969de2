import { jobSchema } from '@quarry/workflows/job';
import { z } from 'zod';
import { FIELD_ADVICE } from './field-advice.ts';

/** The part of JSON Schema that zod writes for the job. */
export interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
  description?: string;
}

export type Path = readonly (string | number)[];

/** The JSON schema of a job file as a person writes it, with the advice of each field as its description. */
export function jobFileSchema(): Shape & Record<string, unknown> {
  const schema = z.toJSONSchema(jobSchema, { io: 'input' }) as Shape & Record<string, unknown>;
  describe(schema, '');
  return {
    ...schema,
    title: 'Quarry job',
    description: 'The specification of a run of `quarry mine`',
  };
}

/** The shapes that a place of a job may have; several where a union leaves it open. */
export function shapesAt(path: Path): readonly Shape[] {
  return path.reduce<readonly Shape[]>((shapes, step) => {
    if (typeof step === 'number') return shapes.flatMap(({ items }) => (items ? variants(items) : []));
    return shapes.flatMap(({ properties }) => (properties?.[step] ? variants(properties[step]) : []));
  }, variants(jobFileSchema()));
}

/** The names that an object at this place may have, given the value of its `kind` where it has one. */
export function namesAt(path: Path, kind: unknown): readonly string[] {
  const shapes = shapesAt(path).filter(({ properties }) => properties !== undefined);
  const chosen = shapes.filter(({ properties }) => properties!.kind?.const === kind);
  const names = (chosen.length > 0 ? chosen : shapes).flatMap(({ properties }) => Object.keys(properties!));
  return [...new Set(names)];
}

/** Every dotted place of a field, list items left out. */
export function fieldPaths(shape: Shape = jobFileSchema(), prefix = ''): readonly string[] {
  const paths = variants(shape).flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, child]) => {
      const path = prefix ? `${prefix}.${name}` : name;
      return [path, ...fieldPaths(child, path)];
    }),
  );
  return [...new Set(paths)];
}

function variants(shape: Shape): readonly Shape[] {
  const options = shape.oneOf ?? shape.anyOf;
  return options ? options.flatMap(variants) : [shape];
}

function describe(shape: Shape, path: string): void {
  const advice = FIELD_ADVICE[path];
  if (advice) shape.description = advice;
  for (const variant of variants(shape)) {
    for (const [name, child] of Object.entries(variant.properties ?? {}))
      describe(child, path ? `${path}.${name}` : name);
  }
}
