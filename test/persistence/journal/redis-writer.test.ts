/** What the writer makes of a link that answers as the test says. */
import { expect, it } from 'vitest';
import type { RedisLink } from '../../../src/persistence/journal/redis-link.ts';
import { RedisWriter } from '../../../src/persistence/journal/redis-writer.ts';

const frame = (epoch: number, seq: number) => ({
  ...{ partition: 1, epoch, seq },
  bytes: new TextEncoder().encode(`${epoch}/${seq}`),
});

it('a frame that was given up after a newer claim holds none of that claim back', async () => {
  let isAway = true;
  const link = {
    generation: 1,
    run: async (commands: readonly unknown[]) =>
      commands.map(() => (isAway ? { error: new Error('away'), isAnswer: false } : { value: 'id' })),
    ask: async () => {
      throw new Error('away');
    },
  } as unknown as RedisLink;
  const writer = new RedisWriter(link, () => {});
  const claim = (epoch: number) =>
    writer.claimed({ partition: 1, epoch, tailSeq: 0, isTakenOver: false }, link.generation);
  claim(1);
  const before = writer.append([frame(1, 1)]);
  // The partition was closed meanwhile, and is opened again.
  claim(2);
  expect(await before).toEqual(['unknown']);
  isAway = false;
  expect(await writer.append([frame(2, 1)])).toEqual(['ok']);
});
