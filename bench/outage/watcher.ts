/**
 * Watches the server from outside while the store goes and comes: memory, what /readyz says, how far tables and
 * snapshots are behind, how old the newest position is that the buyers know, and reads of the catalogue.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../../test/system/metrics.ts';
import { residentMb, type ServerProcess } from '../../test/system/server.ts';
import type { Client } from '../crowd/client.ts';
import type { Ledger } from '../crowd/ledger.ts';
import type { PhaseName } from './phases.ts';

export interface PhaseSamples {
  memoryMbMax: number;
  positionAgeMsMax: number;
  lagFramesMax: number;
  snapshotAgeSecondsMax: number;
  /** Answers of /readyz by status; 0: none within the limit. */
  readonly ready: Record<number, number>;
}

export interface Watcher {
  phase: PhaseName;
  readonly samples: Readonly<Record<PhaseName, PhaseSamples>>;
  /** What /readyz named while it was not ready. */
  readonly complaints: ReadonlySet<string>;
  stop(): Promise<void>;
}

const memoryEveryMs = 250;
const askEveryMs = 1_000;
const askMsMax = 8_000;
const browseEveryMs = 100;
/** Reads of the catalogue that may wait for their answers. */
const browsingMax = 50;

const makeSamples = (): PhaseSamples => ({
  memoryMbMax: 0,
  positionAgeMsMax: 0,
  lagFramesMax: 0,
  snapshotAgeSecondsMax: 0,
  ready: {},
});

export function startWatcher(server: ServerProcess, ledger: Ledger, client: Client): Watcher {
  const samples = { before: makeSamples(), away: makeSamples(), after: makeSamples() };
  const complaints = new Set<string>();
  let isStopped = false;
  const watcher = { phase: 'before' as PhaseName, samples, complaints, stop };

  async function measure(): Promise<void> {
    while (!isStopped && server.isRunning) {
      const own = samples[watcher.phase];
      own.memoryMbMax = Math.max(own.memoryMbMax, residentMb(server.pid));
      if (ledger.positionAsOfMs > 0)
        own.positionAgeMsMax = Math.max(own.positionAgeMsMax, Date.now() - ledger.positionAsOfMs);
      await wait(memoryEveryMs);
    }
  }

  async function ask(): Promise<void> {
    while (!isStopped) {
      const own = samples[watcher.phase];
      const numbers = await readBacklog(server.opsUrl).catch(() => null);
      if (numbers) {
        own.lagFramesMax = Math.max(own.lagFramesMax, numbers.lagFrames);
        own.snapshotAgeSecondsMax = Math.max(own.snapshotAgeSecondsMax, numbers.snapshotAgeSeconds);
      }
      const { status, failed } = await readReadiness(server.opsUrl);
      own.ready[status] = (own.ready[status] ?? 0) + 1;
      for (const name of failed) complaints.add(`${watcher.phase}: ${name}`);
      await wait(askEveryMs);
    }
  }

  /** Visitors who only look: lists and pages that come from PostgreSQL. */
  async function browse(): Promise<void> {
    let looking = 0;
    for (let visit = 0; !isStopped; visit++) {
      if (looking < browsingMax) {
        looking++;
        const path = visit % 2 === 0 ? '/v1/products?limit=5' : '/v1/sales?limit=5';
        void client.tryOnce({ method: 'GET', path }).finally(() => {
          looking--;
        });
      }
      await wait(browseEveryMs);
    }
  }

  const running = Promise.all([measure(), ask(), browse()]);
  async function stop(): Promise<void> {
    isStopped = true;
    await running;
  }
  return watcher;
}

export interface Backlog {
  readonly lagFrames: number;
  readonly snapshotAgeSeconds: number;
}

export async function readBacklog(opsUrl: string): Promise<Backlog> {
  const { samples, value } = await readMetrics(opsUrl);
  const ages = samples.filter(({ name }) => name === 'doorbuster_snapshot_age_seconds');
  if (ages.length === 0) throw new Error('no shard answered');
  return {
    lagFrames: value('doorbuster_projection_lag_frames'),
    snapshotAgeSeconds: Math.max(...ages.map((sample) => sample.value)),
  };
}

async function readReadiness(opsUrl: string): Promise<{ status: number; failed: string[] }> {
  try {
    const response = await fetch(`${opsUrl}/readyz`, { signal: AbortSignal.timeout(askMsMax) });
    const { checks } = (await response.json()) as { checks?: Record<string, { status: string }> };
    const failed = Object.entries(checks ?? {}).filter(([, check]) => check.status !== 'ok');
    return { status: response.status, failed: failed.map(([name]) => name) };
  } catch {
    return { status: 0, failed: [] };
  }
}
