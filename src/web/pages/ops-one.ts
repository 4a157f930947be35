/** One drop for its operator: its terms, its figures every second, and the last quarter of an hour. */
import { useEffect, useRef } from 'preact/hooks';
import type { Sale, SaleStatus } from '../../market/sales/schemas.ts';
import { call, get } from '../api.ts';
import { count } from '../format.ts';
import { type History, historyOf } from '../parts/history.ts';
import { useWatched, type Watched } from '../parts/watched.ts';
import { opsWords } from '../words-ops.ts';
import { pollEveryMs } from './ops-engine.ts';
import { phaseEvent, sum } from './ops-running.ts';

export interface Terms {
  readonly sale: Sale;
  /** What a change is based on. */
  readonly etag: string | null;
}

export interface OneDrop {
  readonly terms: Watched<Terms>;
  readonly status: Watched<SaleStatus>;
  readonly history: History;
}

const termsEveryMs = 4_000;

export async function readTerms(saleId: string, abort?: AbortSignal): Promise<Terms> {
  const { body, etag } = await call<Sale>('GET', pathOf(saleId), abort ? { signal: abort } : {});
  return { sale: body, etag };
}

export function pathOf(saleId: string): string {
  return `/v1/sales/${encodeURIComponent(saleId)}`;
}

export function useOneDrop(saleId: string): OneDrop {
  const terms = useWatched(`terms ${saleId}`, (abort) => readTerms(saleId, abort), termsEveryMs);
  const status = useWatched(
    `status ${saleId}`,
    (abort) => get<SaleStatus>(`${pathOf(saleId)}/status`, abort),
    pollEveryMs(),
  );
  const history = historyOf(`drop ${saleId}`, 4);
  usePhases(status, history);
  useRateChanges(terms, history);
  return { terms, status, history };
}

function usePhases({ value, asOfMs }: Watched<SaleStatus>, history: History): void {
  const phase = useRef<string | null>(null);
  useEffect(() => {
    if (value === null || asOfMs === null) return;
    const { items, queueLength, outflowPerSecond } = value;
    history.add(asOfMs, [
      queueLength,
      outflowPerSecond,
      sum(items, ({ available }) => available),
      sum(items, ({ held }) => held),
    ]);
    if (phase.current !== null && phase.current !== value.phase)
      history.happened(asOfMs, phaseEvent(phase.current, value.phase));
    phase.current = value.phase;
  }, [value]);
}

function useRateChanges({ value, asOfMs }: Watched<Terms>, history: History): void {
  const rate = useRef<number | null>(null);
  useEffect(() => {
    if (value === null || asOfMs === null) return;
    const { releasePerSecond } = value.sale.queueing;
    if (rate.current !== null && rate.current !== releasePerSecond)
      history.happened(asOfMs, opsWords.rates.event(count(rate.current), count(releasePerSecond)));
    rate.current = releasePerSecond;
  }, [value]);
}
