/** Which lexemes a document must have: a tsquery as plain data, its text, and how many documents it will find. */

export type Expression =
  | string
  | { readonly all: readonly Expression[] }
  | { readonly any: readonly Expression[] };

export const all = (parts: readonly Expression[]): Expression =>
  parts.length === 1 ? parts[0]! : { all: parts };
export const any = (parts: readonly Expression[]): Expression =>
  parts.length === 1 ? parts[0]! : { any: parts };

export const quoted = (lexeme: string) =>
  /['\\]/.test(lexeme) ? `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${lexeme}'`;

/** As PostgreSQL reads a tsquery; the empty text for an expression without lexemes, which finds nothing. */
export function textOf(expression: Expression): string {
  if (typeof expression === 'string') return quoted(expression);
  const [parts, operator] = 'all' in expression ? [expression.all, '&'] : [expression.any, '|'];
  const texts = parts.map(textOf).filter((text) => text !== '');
  return texts.length > 1 ? `(${texts.join(operator)})` : (texts[0] ?? '');
}

export function lexemesOf(expression: Expression, into = new Set<string>()): Set<string> {
  if (typeof expression === 'string') return into.add(expression);
  for (const part of 'all' in expression ? expression.all : expression.any) lexemesOf(part, into);
  return into;
}

export interface Estimate {
  /** No more than these can be found. */
  readonly most: number;
  /** As many as there are if lexemes have nothing to do with each other. */
  readonly likely: number;
}

/** `counts`: documents by lexeme; one that is not in it is in no document. `total`: of all documents. */
export function estimate(
  expression: Expression,
  counts: ReadonlyMap<string, number>,
  total: number,
): Estimate {
  if (typeof expression === 'string') {
    const count = counts.get(expression) ?? 0;
    return { most: count, likely: count };
  }
  const isAll = 'all' in expression;
  const parts = (isAll ? expression.all : expression.any).map((part) => estimate(part, counts, total));
  if (isAll)
    return {
      most: Math.min(total, ...parts.map(({ most }) => most)),
      likely: parts.reduce((likely, part) => likely * Math.min(1, part.likely / Math.max(1, total)), total),
    };
  const sum = (of: (part: Estimate) => number) =>
    Math.min(
      total,
      parts.reduce((n, part) => n + of(part), 0),
    );
  return { most: sum(({ most }) => most), likely: sum(({ likely }) => likely) };
}
