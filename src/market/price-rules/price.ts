/** What a price rule makes of a price: pure. */
import type { Instant } from '../../protocol/decider.ts';
import { money } from '../../protocol/money.ts';
import { roundedToStep, scaled } from '../pricing/amounts.ts';

export interface RuleStep {
  /** Units that are left: of a rule by stock. */
  readonly atMost?: number | undefined;
  /** Engine time from which it holds: of a rule by time. */
  readonly at?: Instant | undefined;
  readonly percent: number;
}

export interface Rule {
  readonly kind: 'stock' | 'time';
  readonly steps: readonly RuleStep[];
  readonly currency: string;
  readonly floorAmount: number;
  readonly ceilingAmount: number;
}

/** The step that holds: the smallest `atMost` that is not below what is left, or the latest `at` that has come. */
function percentNow({ kind, steps }: Rule, available: number, at: Instant): number {
  let best: RuleStep | null = null;
  for (const step of steps) {
    if (kind === 'stock') {
      if (available <= step.atMost! && (best === null || step.atMost! < best.atMost!)) best = step;
    } else if (step.at! <= at && (best === null || step.at! > best.at!)) best = step;
  }
  return best?.percent ?? 0;
}

/** Rounded once, half away from zero, then to what can be charged, and never beyond floor and ceiling. */
export function ruledAmount(rule: Rule, baseAmount: number, available: number, at: Instant): number {
  const hundredths = BigInt(Math.round((100 + percentNow(rule, available, at)) * 100));
  const moved = scaled(baseAmount, { numerator: hundredths, denominator: 10_000n });
  const { amount } = roundedToStep(money(moved, rule.currency));
  return Math.min(rule.ceilingAmount, Math.max(rule.floorAmount, amount));
}
