/**
 * The drops of the sample shop: one that runs, one whose line is open already, one that is announced. A start makes
 * the kinds anew of which there is none (any more), so that whoever comes tomorrow sees life, too; while the server runs
 * a drop is followed by the next one when it is over, so that no two of a title are open at once.
 *
 * 1. Times hang on the full hour: a start that is repeated after a crash asks for the very same drop under the same key.
 * 2. What a drop is now is told by its times, not by the phase in its row, which is as old as the last start.
 */
import type { NewSaleBody } from './client.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A drop's row, as far as it says whether there is one of a kind. */
export interface DropRow {
  readonly saleId: string;
  readonly title: string;
  readonly sku: string;
  readonly phase: string;
  readonly lineOpensAtMs: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

export interface DropKind {
  readonly name: string;
  isLive(drop: DropRow, nowMs: number): boolean;
  /** `hourMs` is the full hour that the times hang on. */
  body(hourMs: number): NewSaleBody;
}

/** The full hour before, or at, this time. */
export const hourOf = (nowMs: number): number => Math.floor(nowMs / hourMs) * hourMs;

const iso = (atMs: number) => new Date(atMs).toISOString();
const isOver = ({ phase, endsAtMs }: DropRow, nowMs: number) =>
  phase === 'ended' || phase === 'sold_out' || nowMs >= endsAtMs;

export const runningKind: DropKind = {
  name: 'running',
  isLive: (drop, nowMs) => !isOver(drop, nowMs) && nowMs >= drop.startsAtMs,
  body: (at) => ({
    title: 'Nimbus launch drop',
    items: [
      { sku: 'NIMBUS-1', quantity: 2_500, price: { amount: 39_900, currency: 'USD' }, purchaseLimit: 1 },
    ],
    startsAt: iso(at),
    endsAt: iso(at + 7 * dayMs),
    // Slow enough for a crowd of a few thousand to stand in a line that is seen to move; and so many units that those who
    // let a turn pass, a minute each, hold up nobody: no more people are inside than there are units left.
    queueing: {
      method: 'fifo',
      releasePerSecond: 20,
      activeLimit: 1_000,
      admissionSeconds: 300,
      claimSeconds: 60,
    },
  }),
};

const sampleDrops: readonly DropKind[] = [
  {
    name: 'scheduled',
    isLive: (drop, nowMs) => !isOver(drop, nowMs) && nowMs < drop.lineOpensAtMs,
    body: (at) => ({
      title: 'Halm turntable, walnut',
      items: [
        { sku: 'HALM-WALNUT', quantity: 300, price: { amount: 32_000, currency: 'USD' }, purchaseLimit: 2 },
      ],
      prequeueAt: iso(at + dayMs),
      startsAt: iso(at + dayMs + 2 * hourMs),
      endsAt: iso(at + dayMs + 14 * hourMs),
    }),
  },
  {
    name: 'prequeue',
    isLive: (drop, nowMs) => !isOver(drop, nowMs) && nowMs >= drop.lineOpensAtMs && nowMs < drop.startsAtMs,
    body: (at) => ({
      title: 'Aperta 35, second run',
      items: [
        { sku: 'APERTA-35', quantity: 200, price: { amount: 58_000, currency: 'USD' }, purchaseLimit: 1 },
      ],
      prequeueAt: iso(at),
      startsAt: iso(at + 3 * hourMs),
      endsAt: iso(at + 15 * hourMs),
    }),
  },
  runningKind,
];

/** The kinds that a start makes. */
export function missingAtStart(drops: readonly DropRow[], nowMs: number): readonly DropKind[] {
  return sampleDrops.filter(({ isLive }) => !drops.some((drop) => isLive(drop, nowMs)));
}

/** The kinds that a running server makes. */
export function missingLater(drops: readonly DropRow[], nowMs: number): readonly DropKind[] {
  const titles = new Set(drops.filter((drop) => !isOver(drop, nowMs)).map(({ title }) => title));
  return sampleDrops.filter(({ body }) => !titles.has(body(nowMs).title));
}
