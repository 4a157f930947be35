/**
 * Reads the journal's committed frames into tables.
 *
 * 1. A partition's frames are taken in order, each exactly once: rows and checkpoints change in one transaction that
 *    holds the checkpoints' locks, and a checkpoint that is not where this projector left it voids the round.
 * 2. One round at a time; many partitions and many events share its transaction. News is only a hint: what is
 *    missed is found by the next news or by `catchUp`.
 * 3. A frame that cannot be trusted, a gap, or an event that the tables refuse halts its partition, once and loudly;
 *    the others go on. The halted one's checkpoint stays, so the journal keeps the frames.
 * 4. A database or journal that is away costs pauses, never a crash. What is held in memory meanwhile is one round.
 */
import type pg from 'pg';
import { partitionCount } from '../protocol/address.ts';
import { CorruptFrame, decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type { Frame, Journal } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import {
  CheckpointMoved,
  commitRound,
  type Intake,
  isRefusedData,
  loadCheckpoints,
} from './projection-round.ts';
import { isOfInterest } from './projections.ts';

export interface ProjectorLag {
  /** Frames known to be in the journal and not in the tables yet. */
  readonly frames: number;
  /** For how long there has been one; 0 when there is none. */
  readonly seconds: number;
  readonly halted: readonly { partition: number; seq: number; reason: string }[];
}

export interface Projector {
  /** News: the journal has reached `seq`. */
  advance(partition: number, seq: number): void;
  /** Resolves when everything that is in the journal now is in the tables, halted partitions aside. */
  catchUp(): Promise<void>;
  lag(): ProjectorLag;
  /** Finishes the current round. */
  stop(): Promise<void>;
}

export interface ProjectorOptions {
  readonly journal: Pick<Journal, 'readMany'>;
  readonly pool: pg.Pool;
  readonly log: Log;
  /** News gathers so long before a round begins; 20 ms when not given. */
  readonly gatherMs?: number;
}

const framesPerPartitionMax = 16;
/** A checkpoint alone, without rows to write, may wait so long. */
const idleCheckpointMs = 1_000;
const retryMaxMs = 5_000;
const notThereYetMs = 250;

interface Reader extends Intake {
  /** The last frame that the journal is known to have. */
  targetSeq: number;
  behindSinceMs: number;
  halt: { seq: number; reason: string } | null;
}

export function createProjector({ journal, pool, log, gatherMs = 20 }: ProjectorOptions): Projector {
  const readers: Reader[] = Array.from({ length: partitionCount }, (_, partition) => ({
    partition,
    storedSeq: 0,
    readSeq: 0,
    records: [],
    targetSeq: 0,
    behindSinceMs: 0,
    halt: null,
  }));
  let isLoaded = false;
  let isStopping = false;
  let working: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let hasNews = false;
  const waiters: (() => void)[] = [];
  let storedAtMs = 0;
  let failures = 0;
  let cancelPause = () => {};

  const active = () => readers.filter((reader) => reader.halt === null);
  const hasUnstored = (reader: Reader) => reader.halt === null && reader.readSeq > reader.storedSeq;
  const isBehind = (reader: Reader) =>
    reader.halt === null && (reader.targetSeq > reader.readSeq || reader.records.length > 0);

  function halt(reader: Reader, seq: number, reason: string): void {
    reader.halt = { seq, reason };
    reader.records = [];
    log('error', 'projection halted: a partition cannot go on', { partition: reader.partition, seq, reason });
  }

  function take(frame: Frame): void {
    const reader = readers[frame.partition];
    if (!reader || reader.halt || frame.seq <= reader.readSeq) return;
    if (frame.seq !== reader.readSeq + 1) {
      reader.gap = `the journal goes on with frame ${frame.seq}`;
      return;
    }
    let records: JournalRecord[];
    try {
      records = decodeFrame(frame);
    } catch (error) {
      reader.gap = error instanceof CorruptFrame ? error.message : `undecodable frame: ${String(error)}`;
      return;
    }
    for (const record of records) if (isOfInterest(record)) reader.records.push(record);
    reader.readSeq = frame.seq;
    reader.targetSeq = Math.max(reader.targetSeq, frame.seq);
  }

  /** Reads one round. True when there may be more. */
  async function read(isProbing: boolean): Promise<boolean> {
    const asked = active().filter((reader) => isProbing || reader.targetSeq > reader.readSeq);
    if (asked.length === 0) return false;
    const after = asked.map(({ partition, readSeq }) => ({ partition, afterSeq: readSeq }));
    const frames = await journal.readMany(after, framesPerPartitionMax);
    for (const frame of frames) {
      // After a bad frame nothing of its partition counts, but what came before it is still written.
      if (!readers[frame.partition]?.gap) take(frame);
    }
    return frames.length > 0;
  }

  async function store(): Promise<void> {
    const unstored = readers.filter(hasUnstored);
    if (unstored.length > 0) {
      try {
        await commitRound(pool, unstored);
      } catch (error) {
        if (error instanceof CheckpointMoved) return reload('another projector is at work');
        if (!isRefusedData(error)) throw error;
        return storeOneByOne(unstored);
      }
      for (const reader of unstored) settle(reader);
    }
    const stuck = active().filter((reader) => reader.gap);
    // Frames go once they are in the tables: what is missing here may be there, by another projector's work.
    if (stuck.length > 0 && (await haveMoved(stuck))) return reload('another projector is at work');
    for (const reader of stuck) halt(reader, reader.readSeq + 1, reader.gap!);
    storedAtMs = performance.now();
  }

  async function haveMoved(stuck: readonly Reader[]): Promise<boolean> {
    const seqByPartition = new Map(await loadCheckpoints(pool));
    return stuck.some(({ partition, storedSeq }) => seqByPartition.get(partition) !== storedSeq);
  }

  /** One partition's data was refused: find it, so that the others go on. */
  async function storeOneByOne(unstored: readonly Reader[]): Promise<void> {
    for (const reader of unstored) {
      try {
        await commitRound(pool, [reader]);
        settle(reader);
      } catch (error) {
        if (error instanceof CheckpointMoved) return reload('another projector is at work');
        if (!isRefusedData(error)) throw error;
        halt(reader, reader.storedSeq + 1, String(error));
      }
    }
  }

  function settle(reader: Reader): void {
    if (reader.halt) return;
    reader.storedSeq = reader.readSeq;
    reader.records = [];
    if (!isBehind(reader)) reader.behindSinceMs = 0;
  }

  function reload(reason: string): void {
    log('warn', 'projection starts again from its checkpoints', { reason });
    isLoaded = false;
  }

  async function load(): Promise<void> {
    for (const [partition, seq] of await loadCheckpoints(pool)) {
      const reader = readers[partition]!;
      reader.storedSeq = seq;
      reader.readSeq = seq;
      reader.records = [];
      delete reader.gap;
    }
    isLoaded = true;
  }

  async function round(): Promise<boolean> {
    if (!isLoaded) await load();
    // Only who asked before the journal was read has an answer in what was read.
    const asking = waiters.length;
    hasNews = false;
    const hasMore = await read(asking > 0);
    const hasRows = readers.some((reader) => reader.records.length > 0 || (reader.gap && !reader.halt));
    const isDue = asking > 0 ? !hasMore : performance.now() - storedAtMs >= idleCheckpointMs;
    if (hasRows || isDue) await store();
    if (failures > 0) log('info', 'projection goes on');
    failures = 0;
    if (hasMore || !isLoaded) return true;
    for (const resolve of waiters.splice(0, asking)) resolve();
    return waiters.length > 0;
  }

  async function work(): Promise<void> {
    while (!isStopping) {
      try {
        if (!(await round())) return;
      } catch (error) {
        if (failures++ === 0) log('warn', 'projection waits', { error: String(error) });
        await pause(Math.min(retryMaxMs, 50 * 2 ** Math.min(failures, 10)));
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const pausing = setTimeout(resolve, ms);
      cancelPause = () => {
        clearTimeout(pausing);
        resolve();
      };
      if (isStopping) cancelPause();
    });
  }

  function start(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (working || isStopping) return;
    working = work().finally(() => {
      working = null;
      // News of the last moment; frames that were told of and not found yet; a checkpoint still to be written.
      if (hasNews || waiters.length > 0) schedule(gatherMs);
      else if (readers.some(isBehind)) schedule(notThereYetMs);
      else if (readers.some(hasUnstored)) schedule(idleCheckpointMs);
    });
  }

  function schedule(afterMs: number): void {
    if (!timer && !isStopping) timer = setTimeout(start, afterMs);
  }

  return {
    advance(partition, seq) {
      const reader = readers[partition];
      if (!reader || seq <= reader.targetSeq) return;
      if (!isBehind(reader)) reader.behindSinceMs = performance.now();
      reader.targetSeq = seq;
      if (working || hasNews) {
        hasNews = true;
        return;
      }
      hasNews = true;
      // A timer for a lesser cause may be running: news must not wait for it.
      if (timer) clearTimeout(timer);
      timer = null;
      schedule(gatherMs);
    },
    catchUp() {
      if (isStopping) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push(resolve);
        start();
      });
    },
    lag() {
      const behind = readers.filter((reader) => isBehind(reader) || reader.halt);
      const open = behind.filter((reader) => reader.halt === null && reader.behindSinceMs > 0);
      const sinceMs = Math.min(...open.map((reader) => reader.behindSinceMs));
      return {
        frames: behind.reduce((sum, reader) => sum + Math.max(0, reader.targetSeq - reader.storedSeq), 0),
        seconds: open.length > 0 ? (performance.now() - sinceMs) / 1000 : 0,
        halted: readers.flatMap(({ partition, halt }) => (halt ? [{ partition, ...halt }] : [])),
      };
    },
    async stop() {
      isStopping = true;
      if (timer) clearTimeout(timer);
      cancelPause();
      await working;
      if (isLoaded) await store().catch(() => {});
      for (const resolve of waiters.splice(0)) resolve();
    },
  };
}
