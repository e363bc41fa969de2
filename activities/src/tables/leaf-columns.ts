import type { Column } from './table-schema.ts';

/** What a Parquet file holds values of: a column, or a field of the struct that an image is. */
export interface LeafColumn {
  /** With a dot between a struct and its field. */
  readonly path: string;
  readonly type: 'string' | 'int32' | 'float32' | 'binary';
}

/** The leaves of a table's columns, in order. */
export function leafColumns(columns: readonly Column[]): readonly LeafColumn[] {
  return columns.flatMap(({ name, type }): LeafColumn[] =>
    type === 'image'
      ? [
          { path: `${name}.bytes`, type: 'binary' },
          { path: `${name}.path`, type: 'string' },
        ]
      : [{ path: name, type }],
  );
}

/** Expressions for the values of all leaves of a file, as they are compared: of bytes their sha256, hex. */
export function leafList(columns: readonly Column[]): string {
  return columns
    .flatMap(({ name, type }) =>
      type === 'image' ? [`sha256("${name}".bytes)`, `"${name}".path`] : [`"${name}"`],
    )
    .join(', ');
}
