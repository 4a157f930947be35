/** One's own data on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Open, Timestamp } from '../../gateway/schemas.ts';
import { password } from '../accounts/schemas.ts';

export const Export = Open(
  {
    exportId: Id('export'),
    status: Type.Enum(['running', 'done', 'failed'], { examples: ['done'] }),
    url: Type.String({
      examples: ['/v1/me/exports/exp_01939f2a-7c00-7abc-8def-0123456789ab/data'],
      description: 'Where the JSON is once it is done: for this account only, and until it expires',
    }),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  },
  { title: 'Export' },
);
export type Export = Static<typeof Export>;

/** Accounts without a password leave it out, in the ten minutes after they signed in; guests whenever they want. */
export const Leave = Closed({ currentPassword: Type.Optional(password) });
