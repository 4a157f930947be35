/** What earlier versions wrote is understood for ever: the golden sets are replayed by today's code. */
import { globSync, readFileSync } from 'node:fs';
import { unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { collectReports } from '../../src/actors/sku/pending.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import { decodeFrame, encodeFrame, frameVersion, type JournalRecord } from '../../src/protocol/frame.ts';
import { type Actor, Partition } from '../../src/runtime/partition.ts';
import { replayFrame, restoreActor } from '../../src/runtime/replay.ts';
import { plainSku } from '../actors/sku/plain.ts';
import { bytesOf, type GoldenSet, type GoldenSnapshot, goldenSets, inWords } from './golden.ts';
import { deciders } from './story.ts';

interface PlainSku {
  readonly allocations: readonly { saleId: string; tickets: { units: [number, number, number][] } }[];
}

const sets = goldenSets();

/** Every `type: '…'` of the events' source. */
function eventTypes(): string[] {
  const source = globSync('src/actors/*/events.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  return [...new Set([...source.matchAll(/\btype: '(\w+)'/g)].map(([, type]) => type!))];
}

const recordsOf = (set: GoldenSet): { seq: number; records: JournalRecord[] }[] =>
  set.frames.map(({ base64, ...place }) => ({
    seq: place.seq,
    records: decodeFrame({ ...place, bytes: bytesOf(base64) }),
  }));

/** The actor at that frame: as its snapshot says, or new, and then with every event of the set that follows. */
function actorAt(
  { kind, key }: GoldenSnapshot,
  from: GoldenSnapshot | null,
  set: GoldenSet,
  upToSeq: number,
) {
  const [first] = set.frames;
  const partition = new Partition(first!.partition, false);
  partition.seq = first!.seq - 1;
  if (from) restoreActor(partition, { ...from, state: bytesOf(from.base64) }, deciders);
  for (const frame of recordsOf(set)) if (frame.seq <= upToSeq) replayFrame(partition, frame, deciders);
  return partition.actor(deciders.get(kind)!, key);
}

/**
 * In journals of earlier versions nothing says when a report was formed, so what is replayed has more to report than
 * what was saved. Neither has anything to report after this.
 */
function atRest(set: GoldenSet, actor: Actor): Actor {
  const saysWhen = recordsOf(set).some(({ records }) =>
    records.some(({ event }) => event.type === 'ReportFormed'),
  );
  if (actor.decider.kind !== 'sku' || saysWhen) return actor;
  const state = actor.state as SkuState;
  for (const allocation of state.allocationBySale.values()) {
    Object.assign(allocation, { isReportDue: false, reportSeq: 0, report: null });
    allocation.tickets.takeChanges(Number.POSITIVE_INFINITY);
    // One that owns nothing is forgotten when it is told.
    const { tickets } = (plainSku(state) as PlainSku).allocations.find(
      ({ saleId }) => saleId === allocation.saleId,
    )!;
    for (const [ticketNumber] of tickets.units) allocation.tickets.add(ticketNumber, 0, 0);
    allocation.tickets.takeChanges(Number.POSITIVE_INFINITY);
  }
  collectReports(state);
  return actor;
}

const replayed = (snapshot: GoldenSnapshot, set: GoldenSet) =>
  atRest(set, actorAt(snapshot, null, set, snapshot.seq));
const restored = (snapshot: GoldenSnapshot, set: GoldenSet) => actorAt(snapshot, snapshot, set, 0);
const stateOf = ({ decider, state }: Actor) => inWords(decider.snapshot(state));
/** Rows stand where they are by chance: a state of an earlier version has them elsewhere. */
const plainOf = (actor: Actor) =>
  actor.decider.kind === 'sku' ? inWords(plainSku(actor.state as SkuState)) : stateOf(actor);

describe.each(sets.map((set) => [set.name, set] as const))('golden set %s', (_, set) => {
  const lastSeq = set.frames.at(-1)!.seq;
  const named = set.snapshots.map((one) => [`${one.kind}/${one.key} at frame ${one.seq}`, one] as const);

  it.each(named)('its frames lead to the saved state of %s', (_name, snapshot) => {
    expect(plainOf(replayed(snapshot, set))).toEqual(plainOf(atRest(set, restored(snapshot, set))));
  });

  it.each(named.filter(([, one]) => one.seq < lastSeq))(
    'the state saved of %s can be carried on',
    (_name, snapshot) => {
      expect(plainOf(atRest(set, actorAt(snapshot, snapshot, set, lastSeq)))).toEqual(
        plainOf(atRest(set, actorAt(snapshot, null, set, lastSeq))),
      );
    },
  );

  it.each(named)('what was written of %s reads as it did then', (_name, snapshot) => {
    expect(inWords(unpack(bytesOf(snapshot.base64)))).toEqual(snapshot.state);
    // Another version of the state may say the same in other words.
    const { version } = deciders.get(snapshot.kind)!;
    if (snapshot.version === version) expect(stateOf(restored(snapshot, set))).toEqual(snapshot.state);
  });

  it.each(named)(
    'what messages of %s are pending and what it waits for is the same after a restart',
    (_name, snapshot) => {
      const then = replayed(snapshot, set);
      const now = atRest(set, restored(snapshot, set));
      const { decider } = now;
      expect(decider.pendingMessages(now.state)).toEqual(decider.pendingMessages(then.state));
      expect(decider.deadline(now.state, 0)).toBe(decider.deadline(then.state, 0));
    },
  );

  it('its records survive today’s encoder', () => {
    for (const { seq, records } of recordsOf(set)) {
      const again = { partition: 1, epoch: 2, seq, bytes: encodeFrame(1, 2, seq, records) };
      expect(decodeFrame(again)).toEqual(records);
    }
  });
});

it('every event type is in a golden set', () => {
  const types = eventTypes();
  const covered = new Set(
    sets.flatMap((set) => recordsOf(set).flatMap(({ records }) => records.map(({ event }) => event.type))),
  );
  expect(types.length).toBeGreaterThan(40);
  expect(types.filter((type) => !covered.has(type))).toEqual([]);
});

it('today’s format of frames and of every actor’s state is in a golden set', () => {
  const frameVersions = new Set(sets.flatMap((set) => set.frames.map(({ base64 }) => bytesOf(base64)[0])));
  expect(frameVersions).toContain(frameVersion);
  const states = new Set(
    sets.flatMap((set) => set.snapshots.map(({ kind, version }) => `${kind} ${version}`)),
  );
  for (const { kind, version } of deciders.values()) expect(states).toContain(`${kind} ${version}`);
});

it('the address of a ticket, and a sale’s column of addresses, are in a golden set', () => {
  const numbers = sets.flatMap((set) =>
    recordsOf(set).flatMap(({ records }) =>
      records.flatMap(({ event }) => ('address' in event ? [event.address] : [])),
    ),
  );
  expect(numbers).toContain(2 ** 32 - 0x0123_4568);
  const columns = sets.flatMap((set) =>
    set.snapshots.filter(({ kind, state }) => kind === 'sale' && /"addresses":/.test(JSON.stringify(state))),
  );
  expect(columns.length).toBeGreaterThan(0);
});

it('the site of a ticket, and a sale’s column of sites, are in a golden set', () => {
  const events = sets.flatMap((set) => recordsOf(set).flatMap(({ records }) => records));
  expect(
    events.filter(({ event }) => 'site' in event && event.site === 0x8765_4321).length,
  ).toBeGreaterThanOrEqual(3);
  const columns = sets.flatMap((set) =>
    set.snapshots.filter(({ kind, state }) => kind === 'sale' && /"sites":/.test(JSON.stringify(state))),
  );
  expect(columns.length).toBeGreaterThan(0);
});

it('who steered a sale, or adjusted stock for its seller, is in a golden set, in its records and in its saved state', () => {
  const steered = sets.flatMap((set) =>
    recordsOf(set).flatMap(({ records }) => records.filter(({ event }) => 'by' in event)),
  );
  expect(new Set(steered.map(({ event }) => event.type))).toEqual(
    new Set(['SaleChanged', 'SalePaused', 'SaleResumed', 'SaleEnded', 'StockAdjusted']),
  );
  const saved = sets.flatMap((set) =>
    set.snapshots.filter(({ state }) => /"changes":/.test(JSON.stringify(state))),
  );
  expect(saved.length).toBeGreaterThan(0);
});

it('a golden frame that was touched is refused', () => {
  const { base64, ...place } = sets[0]!.frames[0]!;
  const bytes = bytesOf(base64);
  bytes[bytes.length - 1]! ^= 1;
  expect(() => decodeFrame({ ...place, bytes })).toThrow(/bad checksum/);
});
