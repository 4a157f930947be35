/** Price rules as rows: one a SKU. */
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import { isTaken, type Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Rule, RuleStep } from './price.ts';

export interface RuleRow extends Rule {
  readonly ruleId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly baseAmount: number;
  readonly appliedAmount: number;
  readonly createdAtMs: number;
}

const selection = `r.rule_id AS "ruleId", r.seller_id AS "sellerId", r.sku, r.kind, r.steps, r.currency,
  r.floor_amount::float8 AS "floorAmount", r.ceiling_amount::float8 AS "ceilingAmount",
  r.base_amount::float8 AS "baseAmount", r.applied_amount::float8 AS "appliedAmount",
  extract(epoch FROM r.created_at)::float8 * 1000 AS "createdAtMs"`;

/** Refuses with `exists_with_different` where the SKU has a rule. A repeat under the same id changes nothing. */
export async function insertRule(
  query: Query,
  rule: Omit<RuleRow, 'appliedAmount' | 'createdAtMs'>,
): Promise<RuleRow> {
  const { ruleId, sellerId, sku, kind, steps, currency, floorAmount, ceilingAmount, baseAmount } = rule;
  try {
    await query(
      `INSERT INTO price_rules (rule_id, seller_id, sku, kind, steps, currency, floor_amount, ceiling_amount,
         base_amount, applied_amount)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (rule_id) DO NOTHING`,
      [
        ...[ruleId, sellerId, sku, kind, JSON.stringify(steps satisfies readonly RuleStep[])],
        ...[currency, floorAmount, ceilingAmount, baseAmount],
      ],
    );
  } catch (error) {
    if (!isTaken(error, 'price_rules_sku_key')) throw error;
    throw new DoorbusterError('exists_with_different', 'The SKU has a price rule: remove it first');
  }
  const [made] = await query<RuleRow>(`SELECT ${selection} FROM price_rules r WHERE rule_id = $1`, [ruleId]);
  return made!;
}

/** `sellerId` null: of all. Oldest first. */
export async function listRules(
  query: Query,
  sellerId: string | null,
  { cursor, limit = limitDefault }: PageFilter,
) {
  const [after = null] = decodeCursor(cursor, 'price-rules', [idPart('priceRule')]) ?? [];
  const rows = await query<RuleRow>(
    `SELECT ${selection} FROM price_rules r
     WHERE ($1::text IS NULL OR r.seller_id = $1) AND ($2::text IS NULL OR r.rule_id > $2)
     ORDER BY r.rule_id LIMIT $3`,
    [sellerId, after, limit + 1],
  );
  return pageOf(rows, limit, 'price-rules', ({ ruleId }) => [ruleId]);
}

/** Answers with the rule that was. Refuses with `not_found`. */
export async function deleteRule(query: Query, ruleId: string, sellerId: string | null): Promise<RuleRow> {
  const [row] = await query<RuleRow>(
    `DELETE FROM price_rules r WHERE rule_id = $1 AND ($2::text IS NULL OR seller_id = $2) RETURNING ${selection}`,
    [ruleId, sellerId],
  );
  if (row === undefined) throw new DoorbusterError('not_found', 'There is no such price rule');
  return row;
}

export interface DueRule extends RuleRow {
  readonly currentAmount: number;
  readonly available: number;
}

/** Rules of what is for sale, by id after `afterId`, with what the SKU costs now and how many are left. */
export function rulesAfter(query: Query, afterId: string, limit: number): Promise<DueRule[]> {
  return query<DueRule>(
    `SELECT ${selection}, v.price_amount::float8 AS "currentAmount",
       greatest(0, coalesce(s.on_hand - s.held - s.sold - coalesce(s.allotted, 0), v.initial_stock))::float8 AS available
     FROM price_rules r JOIN variants v ON v.sku = r.sku JOIN products p ON p.product_id = v.product_id
       LEFT JOIN stock_levels s ON s.sku = r.sku
     WHERE r.rule_id > $1 AND p.status = 'active' AND NOT v.is_removed AND v.currency = r.currency
     ORDER BY r.rule_id LIMIT $2`,
    [afterId, limit],
  );
}

export async function noteApplied(
  query: Query,
  ruleId: string,
  baseAmount: number,
  appliedAmount: number,
): Promise<void> {
  await query('UPDATE price_rules SET base_amount = $2, applied_amount = $3 WHERE rule_id = $1', [
    ruleId,
    baseAmount,
    appliedAmount,
  ]);
}
