/** `node test/golden/make.ts NAME`: writes the set NAME.golden in today's formats. Refuses to overwrite one. */
import { writeFileSync } from 'node:fs';
import { Packr } from 'msgpackr';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { folder, type GoldenSet, type GoldenSnapshot, inWords } from './golden.ts';
import { type Story, tellStory } from './story.ts';

const partition = 7;
const epoch = 3;
const packr = new Packr({ useRecords: true });

function snapshotsOf(story: Story): GoldenSnapshot[] {
  return [...story.actors.values()].map(({ decider, key, state }) => {
    const snapshot = decider.snapshot(state);
    return {
      kind: decider.kind,
      key,
      version: decider.version,
      seq: story.frames.length,
      base64: Buffer.from(packr.pack(snapshot)).toString('base64'),
      state: inWords(snapshot),
    };
  });
}

const name = process.argv[2] ?? '';
if (!/^[a-z0-9][a-z0-9.-]{0,40}$/.test(name)) {
  process.stderr.write('usage: node test/golden/make.ts NAME (small letters, digits, dots, dashes)\n');
  process.exit(2);
}
const halfTime: GoldenSnapshot[] = [];
const story = tellStory((half) => void halfTime.push(...snapshotsOf(half)));
const set: GoldenSet = {
  name,
  frames: story.frames.map((records, index) => ({
    ...{ partition, epoch, seq: index + 1 },
    base64: Buffer.from(encodeFrame(partition, epoch, index + 1, records)).toString('base64'),
  })),
  snapshots: [...halfTime, ...snapshotsOf(story)],
};
// `wx`: never over an existing one.
writeFileSync(`${folder}/${name}.golden`, `${JSON.stringify(set, null, 1)}\n`, { flag: 'wx' });
process.stdout.write(`${name}.golden: ${set.frames.length} frames, ${set.snapshots.length} snapshots\n`);
