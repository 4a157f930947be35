/** Imports and exports on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Open, Rarely, Timestamp } from '../../gateway/schemas.ts';

/** 256 MiB as sent. */
export const fileBytesMax = 256 * 1024 * 1024;
/** 1 GiB. */
export const unpackedBytesMax = 1024 * 1024 * 1024;
/** So many of an import's errors are in its answer. */
export const errorsShown = 1_000;

export const ImportError = Open(
  {
    line: Type.Integer({ minimum: 1, description: 'The header is line 1' }),
    code: Type.String({
      examples: ['validation_failed'],
      description: 'A code of the API, or `wrong_number_of_columns`, `not_utf8`, `line_too_long`',
    }),
    message: Type.String({ examples: ['price must be integer'] }),
  },
  { title: 'ImportError' },
);
export type ImportError = Static<typeof ImportError>;

const count = Type.Integer({ minimum: 0 });

const importFields = {
  importId: Id('import'),
  status: Type.Enum(['running', 'done', 'failed', 'stopped']),
  format: Type.Enum(['csv', 'ndjson']),
  linesRead: Type.Integer({ minimum: 0, description: 'Without the header' }),
  created: count,
  updated: count,
  unchanged: count,
  rejected: count,
  percent: Type.Integer({ minimum: 0, maximum: 100 }),
  createdAt: Timestamp,
  endedAt: Rarely(Timestamp),
};

export const ImportStarted = Open(
  { importId: Id('import'), status: Type.Enum(['running']) },
  { title: 'ImportStarted' },
);

export const ImportSummary = Open(importFields, { title: 'ImportSummary' });
export type ImportSummary = Static<typeof ImportSummary>;

export const Import = Open(
  {
    ...importFields,
    errors: Type.Array(ImportError, {
      description: `The first ${errorsShown}; all are under \`/v1/imports/{importId}/errors\``,
    }),
  },
  { title: 'Import' },
);
export type Import = Static<typeof Import>;

export const ExportQuery = Closed({
  format: Type.Optional(Type.Enum(['csv', 'ndjson'], { description: '`csv` when not given' })),
  variantOf: Type.Optional(
    Type.Boolean({
      description:
        'Of CSV: with one more column, the SKU that begins the product of a further variant, so that an import puts them together again',
    }),
  ),
});
export type ExportQuery = Static<typeof ExportQuery>;
