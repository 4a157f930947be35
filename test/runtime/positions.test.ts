/** How readers of the journal learn how far it is. */
import { expect, test } from 'vitest';
import { GatheredPositions } from '../../src/runtime/positions.ts';
import { VirtualTime } from '../support/memory-wire.ts';

function gathering(everyMs: number) {
  const time = new VirtualTime();
  const said: string[] = [];
  const positions = new GatheredPositions(everyMs, time, (all) => {
    for (const [partition, seq] of all) said.push(`${time.now()}: ${partition} at ${seq}`);
  });
  return { time, said, positions };
}

test('positions are said at once after a silence, and of many in a row the newest of each partition', () => {
  const { time, said, positions } = gathering(20);
  for (let seq = 1; seq <= 50; seq++) {
    positions.advance(7, seq);
    if (seq % 10 === 0) positions.advance(8, seq);
    time.run(1);
  }
  time.run(1_000);
  positions.advance(7, 51);
  expect(said).toEqual([
    ...['0: 7 at 1', '20: 7 at 20', '20: 8 at 20', '40: 7 at 40', '40: 8 at 40'],
    ...['60: 7 at 50', '60: 8 at 50', '1050: 7 at 51'],
  ]);
});

test('who stops says what is unsaid, once', () => {
  const { time, said, positions } = gathering(1_000);
  positions.advance(1, 5);
  positions.advance(1, 6);
  positions.flush();
  time.run(5_000);
  expect(said).toEqual(['0: 1 at 5', '0: 1 at 6']);
});
