/** The audit trail on the wire. */
import Type, { type Static, type StaticDecode } from 'typebox';
import { Closed, Id, Instant, Nullable, Open, pageQuery, Rarely, Timestamp } from '../../gateway/schemas.ts';
import { Opaque } from '../../gateway/texts.ts';

const hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
});

export const AuditAction = Open(
  {
    auditId: Id('audit'),
    seq: Type.Integer({ minimum: 1, description: 'From 1, without a gap' }),
    at: Timestamp,
    actor: Open({
      accountId: Nullable(Id('account')),
      role: Type.String({
        examples: ['admin'],
        description: '`system`: the server itself, without an account',
      }),
    }),
    action: Type.String({ examples: ['seller.suspended'], description: 'Later versions may have more' }),
    target: Type.String({
      examples: ['acc_01939f2a-7c00-7abc-8def-0123456789ab'],
      description: 'What it was done to',
    }),
    reason: Type.Optional(
      Type.String({ examples: ['Counterfeits'], description: 'In the words of the actor' }),
    ),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        examples: [{ roles: ['seller'] }],
        description: 'What it became',
      }),
    ),
    hash,
    previousHash: Rarely(hash),
  },
  {
    title: 'AuditAction',
    description:
      '`hash` is the SHA-256 of the RFC 8785 form of all other members; `previousHash` that of the action before',
  },
);
export type AuditAction = Static<typeof AuditAction>;

export const AuditFilter = Closed({
  actor: Type.Optional(Id('account')),
  action: Type.Optional(
    Type.String({ pattern: '^[a-z_]+(?:\\.[a-z_]+)*$', maxLength: 60, examples: ['seller.suspended'] }),
  ),
  target: Type.Optional(Opaque({ minLength: 1, maxLength: 200, description: 'An id' })),
  from: Type.Optional(Instant()),
  ...pageQuery,
});
export type AuditFilter = StaticDecode<typeof AuditFilter>;
