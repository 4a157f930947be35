/**
 * Prices follow their rules: the back office sets them as their owners would, a bounded number in a round.
 *
 * 1. A price that is not the one which the rule set last was set by its owner: it is the rule's base from then on.
 * 2. The rule's row and the price change in one transaction; the price history names the rule.
 */
import type { Pool } from 'pg';
import { type Database, openDatabase } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import type { Family } from '../../protocol/metric.ts';
import { setPrice } from '../catalog/price-change-store.ts';
import { ruledAmount } from './price.ts';
import { type DueRule, noteApplied, rulesAfter } from './store.ts';

const everyMs = 2_000;
const rulesAtOnce = 500;
/** The next round goes on where this one ended. */
const changesMax = 200;

/** Registered in features.ts. */
export function createJob({ pool, log }: { pool: Pool; log: Log }): Job {
  const database = openDatabase(pool);
  let afterId = '';
  return {
    name: 'price rules',
    everyMs,
    async round(stopping) {
      for (let changes = 0; changes < changesMax && !stopping.aborted; ) {
        const rules = await rulesAfter(database.query, afterId, rulesAtOnce);
        for (const rule of rules) {
          if (changes >= changesMax || stopping.aborted) return;
          afterId = rule.ruleId;
          if (await follow(database, rule, Date.now(), log)) changes++;
        }
        if (rules.length === rulesAtOnce) continue;
        afterId = '';
        return;
      }
    },
    metrics: (): readonly Family[] => [],
  };
}

/** Whether the price is another one now. */
async function follow(database: Database, rule: DueRule, atMs: number, log: Log): Promise<boolean> {
  const { ruleId, sellerId, sku, currency, currentAmount, appliedAmount, available } = rule;
  const base = currentAmount === appliedAmount ? rule.baseAmount : currentAmount;
  const amount = ruledAmount(rule, base, available, atMs);
  if (amount === currentAmount && appliedAmount === currentAmount) return false;
  try {
    await database.transaction(async (query) => {
      await noteApplied(query, ruleId, base, amount);
      const price = { amount, currency };
      if (amount !== currentAmount)
        await setPrice(query, { sku, sellerId, price, expected: currentAmount, by: `rule ${ruleId}` });
    });
  } catch (error) {
    // A price that somebody else changes at this moment, or a listing that cannot be changed now, has its turn later.
    if (!(error instanceof DoorbusterError)) throw error;
    return false;
  }
  if (amount !== currentAmount)
    log('info', 'a price rule has set a price', { ruleId, sku, from: currentAmount, to: amount, currency });
  return true;
}
