/** The drops and their figures: the list now and then, the status of each running one every second. */
import { useEffect, useRef } from 'preact/hooks';
import type { Sale, SaleStatus } from '../../market/sales/schemas.ts';
import { ApiError, get } from '../api.ts';
import { serverNow } from '../clock.ts';
import { type History, historyOf } from '../parts/history.ts';
import { useWatched, type Watched } from '../parts/watched.ts';
import { opsWords } from '../words-ops.ts';
import { pollEveryMs } from './ops-engine.ts';

export interface DropRow {
  readonly sale: Sale;
  readonly phase: string;
  readonly waiting: number | null;
  readonly left: number | null;
  readonly units: number;
  /** null: nothing moves in it. */
  readonly asOfMs: number | null;
}

interface Told {
  readonly status: SaleStatus;
  readonly asOfMs: number;
}

type Statuses = ReadonlyMap<string, Told>;

export interface Drops {
  readonly rows: readonly DropRow[];
  readonly list: Watched<readonly Sale[]>;
  readonly statuses: Watched<Statuses>;
}

const listEveryMs = 10_000;
/** Statuses asked for in one round; with more running drops they take turns. */
const askedAtOnceMax = 8;
const order = ['active', 'paused', 'sold_out', 'prequeue', 'scheduled', 'ended'];
const movingPhases = ['prequeue', 'active', 'paused', 'sold_out'];

export function useDrops(): Drops {
  const list = useWatched(
    'sales',
    async (abort) => (await get<{ items: Sale[] }>('/v1/sales?limit=100', abort)).items,
    listEveryMs,
  );
  const told = useRef<Statuses>(new Map());
  const running = (list.value ?? []).filter((sale) => isRunning(sale, told.current.get(sale.saleId)?.status));
  const statuses = useWatched(
    'statuses',
    async (abort) => {
      told.current = await askStatuses(running, told.current, abort);
      return told.current;
    },
    pollEveryMs(),
  );
  // A drop whose phase is another one than the list says is moved in it.
  const isOutdated = (list.value ?? []).some(
    ({ saleId, phase }) => (told.current.get(saleId)?.status.phase ?? phase) !== phase,
  );
  const { reload } = list;
  useEffect(() => {
    if (isOutdated) reload();
  }, [isOutdated, reload]);
  // The figures come at once, not a round after the drops.
  const runningIds = running.map(({ saleId }) => saleId).join();
  const { reload: reloadStatuses } = statuses;
  useEffect(() => {
    if (runningIds !== '') reloadStatuses();
  }, [runningIds, reloadStatuses]);
  const rows = (list.value ?? []).map((sale) => rowOf(sale, statuses.value?.get(sale.saleId)));
  return { rows: rows.toSorted(byUrgency), list, statuses };
}

function isRunning({ phase, prequeueAt, startsAt }: Sale, status: SaleStatus | undefined): boolean {
  if (movingPhases.includes(phase)) return true;
  if (phase !== 'scheduled' || status?.phase === 'ended') return false;
  return Date.parse(prequeueAt ?? startsAt) <= serverNow() + 1_000;
}

async function askStatuses(sales: readonly Sale[], before: Statuses, abort: AbortSignal): Promise<Statuses> {
  const next = new Map(
    sales.flatMap(({ saleId }) => (before.has(saleId) ? [[saleId, before.get(saleId)!]] : [])),
  );
  const asked = sales
    .map(({ saleId }) => saleId)
    .toSorted((a, b) => (before.get(a)?.asOfMs ?? 0) - (before.get(b)?.asOfMs ?? 0))
    .slice(0, askedAtOnceMax);
  await Promise.all(
    asked.map(async (saleId) => {
      const asOfMs = serverNow();
      try {
        next.set(saleId, { status: await get<SaleStatus>(`/v1/sales/${saleId}/status`, abort), asOfMs });
      } catch (error) {
        // One that is gone is in the list no more; what fails otherwise fails for all.
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
    }),
  );
  return next;
}

function rowOf(sale: Sale, told: Told | undefined): DropRow {
  const units = sum(sale.items, ({ quantity }) => quantity);
  if (!told) {
    const left = sale.phase === 'scheduled' ? units : null;
    return { sale, phase: sale.phase, waiting: null, left, units, asOfMs: null };
  }
  const { status, asOfMs } = told;
  const left = sum(status.items, ({ available }) => available);
  return { sale, phase: status.phase, waiting: status.queueLength, left, units, asOfMs };
}

/** Who needs an operator first; then what opens next; then what ended last. */
function byUrgency(a: DropRow, b: DropRow): number {
  const [first, second] = [rank(a), rank(b)];
  if (first !== second) return first - second;
  const [aMs, bMs] = [Date.parse(a.sale.startsAt), Date.parse(b.sale.startsAt)];
  return a.phase === 'ended' ? bMs - aMs : aMs - bMs;
}

function rank({ phase }: DropRow): number {
  const index = order.indexOf(phase);
  return index === -1 ? order.length : index;
}

export function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** All running drops together, and how long commits take. */
export function useOpsHistory({ list, statuses }: Drops, p99Ms: number | null): History {
  const history = historyOf('ops', 4);
  const phases = useRef(new Map<string, string>());
  const { value, asOfMs } = statuses;
  useEffect(() => {
    // Before the list is there, nothing says that nothing runs.
    if (value === null || asOfMs === null || list.value === null) return;
    const all = [...value.values()].map(({ status }) => status);
    history.add(asOfMs, [
      sum(all, ({ queueLength }) => queueLength),
      sum(all, ({ outflowPerSecond }) => outflowPerSecond),
      all.length === 0 ? null : sum(all, ({ items }) => sum(items, ({ available }) => available)),
      p99Ms,
    ]);
    for (const { saleId, phase } of all) {
      const before = phases.current.get(saleId);
      if (before !== undefined && before !== phase) history.happened(asOfMs, phaseEvent(before, phase));
      phases.current.set(saleId, phase);
    }
  }, [value]);
  return history;
}

export function phaseEvent(before: string, phase: string): string {
  const { opened, resumed } = opsWords.charts;
  if (phase !== 'active') return phaseWord(phase);
  return before === 'paused'
    ? resumed
    : ['scheduled', 'prequeue'].includes(before)
      ? opened
      : phaseWord(phase);
}

/** A newer server may know other phases. */
export function phaseWord(phase: string): string {
  return opsWords.phases[phase] ?? phase.replaceAll('_', ' ');
}
