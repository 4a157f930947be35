/** What earlier versions wrote is understood for ever: the golden sets are replayed by today's code. */
import { globSync, readFileSync } from 'node:fs';
import { unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, frameVersion, type JournalRecord } from '../../src/protocol/frame.ts';
import { bytesOf, type GoldenSet, type GoldenSnapshot, goldenSets, inWords } from './golden.ts';
import { deciders, type StoryActor } from './story.ts';

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

function restored(snapshot: GoldenSnapshot): StoryActor {
  const decider = deciders.get(snapshot.kind)!;
  return {
    decider,
    key: snapshot.key,
    state: decider.restore(snapshot.key, unpack(bytesOf(snapshot.base64)), snapshot.version),
  };
}

/** Replays what comes after `afterSeq` for this actor, up to the last frame of the set or `upToSeq`. */
function replay(actor: StoryActor, set: GoldenSet, afterSeq: number, upToSeq: number): StoryActor {
  for (const { seq, records } of recordsOf(set)) {
    if (seq <= afterSeq || seq > upToSeq) continue;
    for (const { kind, key, event } of records)
      if (kind === actor.decider.kind && key === actor.key) actor.decider.evolve(actor.state, event);
  }
  return actor;
}

const stateOf = ({ decider, state }: StoryActor) => inWords(decider.snapshot(state));
const fresh = (snapshot: GoldenSnapshot): StoryActor => {
  const decider = deciders.get(snapshot.kind)!;
  return { decider, key: snapshot.key, state: decider.initial(snapshot.key) };
};

describe.each(sets.map((set) => [set.name, set] as const))('golden set %s', (_, set) => {
  const lastSeq = set.frames.at(-1)!.seq;
  const named = set.snapshots.map((one) => [`${one.kind}/${one.key} at frame ${one.seq}`, one] as const);

  it.each(named)('its frames lead to the saved state of %s', (_name, snapshot) => {
    expect(stateOf(replay(fresh(snapshot), set, 0, snapshot.seq))).toEqual(stateOf(restored(snapshot)));
  });

  it.each(named.filter(([, one]) => one.seq < lastSeq))(
    'the state saved of %s can be carried on',
    (_name, snapshot) => {
      expect(stateOf(replay(restored(snapshot), set, snapshot.seq, lastSeq))).toEqual(
        stateOf(replay(fresh(snapshot), set, 0, lastSeq)),
      );
    },
  );

  it.each(named)('what was written of %s reads as it did then', (_name, snapshot) => {
    expect(inWords(unpack(bytesOf(snapshot.base64)))).toEqual(snapshot.state);
    // Another version of the state may say the same in other words.
    const { version } = deciders.get(snapshot.kind)!;
    if (snapshot.version === version) expect(stateOf(restored(snapshot))).toEqual(snapshot.state);
  });

  it.each(named)(
    'what messages of %s are pending and what it waits for is the same after a restart',
    (_name, snapshot) => {
      const then = replay(fresh(snapshot), set, 0, snapshot.seq);
      const now = restored(snapshot);
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

it('a golden frame that was touched is refused', () => {
  const { base64, ...place } = sets[0]!.frames[0]!;
  const bytes = bytesOf(base64);
  bytes[bytes.length - 1]! ^= 1;
  expect(() => decodeFrame({ ...place, bytes })).toThrow(/bad checksum/);
});
