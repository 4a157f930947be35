/**
 * Every attempt of the crowd, sorted by what the store was doing: before, away, after.
 *
 * 1. A refusal belongs to the time at which it came; from the order to stop until the store serves again counts as away.
 * 2. An acknowledgement counts as given while the store was away only when it was asked for and given in that time:
 *    what was sent before may have become durable before.
 */
import { type Action, type Attempt, actions } from '../crowd/attempts.ts';
import { createHistogram, type Histogram, type Summary } from '../crowd/statistics.ts';

export const phaseNames = ['before', 'away', 'after'] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface ActionRow {
  /** New tickets, holds, orders; for reads: answers. */
  readonly acknowledged: Summary;
  readonly refused: Summary;
}

export interface PhaseRow {
  readonly seconds: number;
  readonly actions: Readonly<Record<Action, ActionRow>>;
  readonly acknowledged: Summary;
  readonly refused: Summary;
  /** Attempts without any answer, and answers of 500 and above that are no refusal. */
  readonly unanswered: number;
  readonly failures: number;
}

interface Cell {
  readonly acknowledged: Histogram;
  readonly refused: Histogram;
}

const makeCell = (): Cell => ({ acknowledged: createHistogram(), refused: createHistogram() });

/** Times by `performance.now()`; infinite until it has happened. */
interface Moments {
  openedAtMs: number;
  stoppingAtMs: number;
  awayAtMs: number;
  returningAtMs: number;
  backAtMs: number;
}

export class PhaseBook {
  readonly moments: Moments = {
    openedAtMs: Number.POSITIVE_INFINITY,
    stoppingAtMs: Number.POSITIVE_INFINITY,
    awayAtMs: Number.POSITIVE_INFINITY,
    returningAtMs: Number.POSITIVE_INFINITY,
    backAtMs: Number.POSITIVE_INFINITY,
  };
  /** When the first new acknowledgement, and the first answered catalogue read, came after the return; or null. */
  firstNewAtMs: number | null = null;
  firstBrowseAtMs: number | null = null;
  readonly #phases = new Map(
    phaseNames.map((name) => [
      name,
      {
        total: makeCell(),
        byAction: new Map(actions.map((action) => [action, makeCell()])),
        unanswered: 0,
        failures: 0,
      },
    ]),
  );

  note(attempt: Attempt): void {
    const { action, sentAtMs, tookMs, status, isNew } = attempt;
    const answeredAtMs = sentAtMs + tookMs;
    const isRefused = status === 429 || status === 503;
    const name = isNew ? this.#phaseOfNew(sentAtMs, answeredAtMs) : this.#phaseAt(answeredAtMs);
    const phase = this.#phases.get(name)!;
    const cell = phase.byAction.get(action)!;
    if (status === 0) phase.unanswered++;
    else if (status >= 500 && !isRefused) phase.failures++;
    if (isRefused) {
      phase.total.refused.record(tookMs);
      cell.refused.record(tookMs);
      return;
    }
    const isRead = action === 'read' || action === 'browse';
    if (isNew) phase.total.acknowledged.record(tookMs);
    if (isNew || (isRead && status === 200)) cell.acknowledged.record(tookMs);
    if (answeredAtMs < this.moments.returningAtMs) return;
    if (isNew) this.firstNewAtMs ??= answeredAtMs;
    if (action === 'browse' && status === 200) this.firstBrowseAtMs ??= answeredAtMs;
  }

  rows(endedAtMs: number): Record<PhaseName, PhaseRow> {
    const { openedAtMs, stoppingAtMs, backAtMs } = this.moments;
    const row = (name: PhaseName, fromMs: number, toMs: number): PhaseRow => {
      const { total, byAction, unanswered, failures } = this.#phases.get(name)!;
      const shown = ({ acknowledged, refused }: Cell): ActionRow => ({
        acknowledged: acknowledged.summary(),
        refused: refused.summary(),
      });
      const rows = [...byAction].map(([action, cell]) => [action, shown(cell)] as const);
      return {
        seconds: Math.max(0, (toMs - fromMs) / 1_000),
        actions: Object.fromEntries(rows) as Record<Action, ActionRow>,
        ...shown(total),
        unanswered,
        failures,
      };
    };
    return {
      before: row('before', openedAtMs, stoppingAtMs),
      away: row('away', stoppingAtMs, backAtMs),
      after: row('after', backAtMs, endedAtMs),
    };
  }

  #phaseAt(atMs: number): PhaseName {
    if (atMs < this.moments.stoppingAtMs) return 'before';
    return atMs < this.moments.backAtMs ? 'away' : 'after';
  }

  #phaseOfNew(sentAtMs: number, answeredAtMs: number): PhaseName {
    if (answeredAtMs >= this.moments.returningAtMs) return 'after';
    return sentAtMs >= this.moments.awayAtMs ? 'away' : 'before';
  }
}
