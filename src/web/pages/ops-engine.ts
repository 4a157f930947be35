/** The shards and the overview, as the console hears of them: live once a second, by asking where sockets fail. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Overview, Shard } from '../../ops/schemas.ts';
import { get } from '../api.ts';
import { serverNow } from '../clock.ts';
import { connection, type Frame, listen } from '../live.ts';
import { useWatched, type Watched } from '../parts/watched.ts';

export interface ShardRow {
  readonly shard: Shard;
  readonly asOfMs: number;
  /** Commands a second, the newest last. */
  readonly trail: readonly number[];
  /** Others answered since, this one did not. */
  readonly isSilent: boolean;
}

interface Shards {
  readonly rows: readonly ShardRow[];
  readonly asOfMs: number;
}

const trailMax = 40;
const pollingMs = 5_000;

const shards = signal<Shards | null>(null);

/** Of one answer; a shard that is missing in it was asked and did not answer. */
function take(answered: readonly Shard[], asOfMs: number): void {
  const before = new Map(shards.value?.rows.map((row) => [row.shard.shard, row]));
  const rows = answered.map((shard): ShardRow => {
    const trail = [...(before.get(shard.shard)?.trail ?? []), shard.commandsPerSecond].slice(-trailMax);
    before.delete(shard.shard);
    return { shard, asOfMs, trail, isSilent: false };
  });
  for (const row of before.values()) rows.push({ ...row, isSilent: true });
  rows.sort((a, b) => a.shard.shard - b.shard.shard);
  shards.value = { rows, asOfMs };
}

let heardOverview: { readonly overview: Overview; readonly atMs: number } | null = null;
const heardFreshMs = 2_000;

function onFrame(frame: Frame): void {
  if (frame.type === 'ops.shards') take(frame.shards as Shard[], Date.parse(String(frame.asOf)));
  if (frame.type === 'ops.overview')
    heardOverview = { overview: frame as unknown as Overview, atMs: performance.now() };
}

/** How often what is asked for over HTTP is asked for. */
export function pollEveryMs(): number {
  return connection.value === 'polling' ? pollingMs : 1_000;
}

export function useOpsTopic(): void {
  useEffect(() => listen({ topic: () => ({ topic: 'ops' }), onFrame }), []);
}

export function useShards(): Shards | null {
  useOpsTopic();
  const isPolling = connection.value === 'polling';
  useEffect(() => {
    const read = async () => {
      const askedAtMs = serverNow();
      take(await get<Shard[]>('/v1/ops/shards'), askedAtMs);
    };
    // The first rows at once; why there are none the overview says.
    void read().catch(() => {});
    const timer = isPolling ? setInterval(() => void read().catch(() => {}), pollingMs) : undefined;
    return () => clearInterval(timer);
  }, [isPolling]);
  return shards.value;
}

export function useOverview(): Watched<Overview> {
  return useWatched(
    'overview',
    async (abort) => {
      const isHeard = heardOverview !== null && performance.now() - heardOverview.atMs < heardFreshMs;
      return isHeard ? heardOverview!.overview : await get<Overview>('/v1/ops/overview', abort);
    },
    pollEveryMs(),
  );
}
