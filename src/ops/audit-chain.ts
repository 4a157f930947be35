/**
 * The audit trail's chain, followed from its first action. What it cannot show is that the last actions were taken off:
 * whoever wants to see that keeps the last hash elsewhere.
 */
import { everyAction } from '../market/audit/store.ts';
import type { Query } from '../persistence/database.ts';
import { hashOf } from '../persistence/hash-chain.ts';
import { type Mismatch, unequal } from './audit-entries.ts';

interface Trail {
  readonly count: number;
  /** The last hash; null: there is none. */
  readonly head: string | null;
  readonly mismatches: Mismatch[];
}

export async function auditActions(query: Query): Promise<Trail> {
  const mismatches: Mismatch[] = [];
  let count = 0;
  let head: string | null = null;
  let seq = 0;
  for await (const { hash, ...action } of everyAction(query)) {
    // A fault is told once: what follows is compared with what the row says.
    const expected = { seq: seq + 1, previousHash: head, hash: hashOf(action) };
    mismatches.push(...unequal('audit_trail', action.auditId, expected, { ...action, hash }));
    count++;
    ({ seq } = action);
    head = hash;
  }
  return { count, head, mismatches };
}
