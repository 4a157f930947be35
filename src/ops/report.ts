/** The back office's numbers as metric families. */
import { counter, type Family, gauge, summary } from '../protocol/metric.ts';

interface BackOfficeNumbers {
  readonly payments: {
    readonly results: readonly {
      readonly type: string;
      readonly code: string;
      readonly count: number;
      readonly seconds: number;
    }[];
    readonly open: number;
    readonly breaker: string;
  };
  readonly projector: { readonly frames: number; readonly halted: readonly { readonly reason: string }[] };
  readonly stock: { readonly mismatches: number; readonly compared: number };
}

export function backOfficeFamilies(body: unknown): Family[] {
  const { payments, projector, stock } = (body ?? {}) as Partial<BackOfficeNumbers>;
  return [
    ...(payments ? paymentFamilies(payments) : []),
    ...(projector
      ? [
          gauge('doorbuster_projection_lag_frames', 'Frames not yet in tables', projector.frames),
          gauge(
            'doorbuster_projections_halted',
            'Partitions whose projection needs help',
            projector.halted.length,
          ),
        ]
      : []),
    ...(stock
      ? [
          gauge(
            'doorbuster_inventory_mismatch',
            'SKUs whose stock level differs from their actor: must stay 0',
            stock.mismatches,
          ),
          gauge(
            'doorbuster_inventory_compared',
            'SKUs compared in the latest round of the stock watch',
            stock.compared,
          ),
        ]
      : []),
  ];
}

function paymentFamilies({ results, open, breaker }: BackOfficeNumbers['payments']): Family[] {
  return [
    counter(
      'doorbuster_payments_total',
      'Final answers of the payment provider',
      results.map(({ type, code, count }) => ({ labels: { type, result: code }, value: count })),
    ),
    summary(
      'doorbuster_payment_seconds',
      'From an order asking to the final answer',
      results.map(({ type, code, count, seconds }) => ({
        labels: { type, result: code },
        count,
        sum: seconds,
      })),
    ),
    gauge('doorbuster_payments_open', 'Payment commands without an answer yet', open),
    gauge(
      'doorbuster_payment_breaker_open',
      '1 while the provider is given a rest',
      breaker === 'closed' ? 0 : 1,
    ),
  ];
}
