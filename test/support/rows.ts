/** Groups of rows as they reach a shard, made without a wire. */
import type { CommandType, FieldsOf } from '../../src/protocol/command.ts';
import type { RowLayout, Rows } from '../../src/protocol/rows.ts';

/** Throws when the commands fit no rows, or belong to several groups. */
export function rowsOf<Declared extends CommandType & { readonly rows: RowLayout }>(
  { type, rows: layout }: Declared,
  all: readonly FieldsOf<Declared>[],
): Rows {
  const words = new Int32Array(all.length * layout.words);
  const beside: unknown[] = [];
  const groupOf = (fields: object) =>
    Object.fromEntries(layout.groupNames.map((name) => [name, String(Reflect.get(fields, name))]));
  const group = groupOf(all[0]!);
  for (const [row, fields] of all.entries()) {
    const isIn = layout.groupNames.every((name) => groupOf(fields)[name] === group[name]);
    if (!isIn || !layout.write(fields, words, row * layout.words, beside))
      throw new Error(`no row of this group: ${JSON.stringify(fields)}`);
  }
  return { type, group, count: all.length, words, beside };
}
