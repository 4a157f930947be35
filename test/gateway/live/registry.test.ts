/** Frames for an account, some of which take a moment to be made: they arrive in the order of what happened. */
import { expect, test } from 'vitest';
import type { Connections } from '../../../src/gateway/live/connections.ts';
import type { LivePart } from '../../../src/gateway/live/feature.ts';
import { LiveRegistry } from '../../../src/gateway/live/registry.ts';

const push = (type: string, n: number, accountId = 'a') => ({
  topic: `buyer/${accountId}`,
  type,
  body: { n },
});

/** A registry with one socket of each account; `sent` is what they got. */
function registryOf(frames: LivePart['frames']) {
  const sent: unknown[] = [];
  const seen: number[] = [];
  const connections = {
    ofAccount: (accountId: string) => [{ send: (frame: object) => sent.push({ accountId, ...frame }) }],
  } as unknown as Connections;
  const parts: LivePart[] = [
    { frames: frames!, onSent: (_, { body }) => void seen.push((body as { n: number }).n) },
  ];
  return { registry: new LiveRegistry(parts, connections), sent, seen };
}

test('a frame that is made at once is sent at once, and waits for one before it that is not', async () => {
  let make: (frame: object) => void = () => {};
  const { registry, sent, seen } = registryOf({
    late: () =>
      new Promise((resolve) => {
        make = resolve;
      }),
  });
  registry.onPush(push('plain', 1));
  expect(sent).toEqual([{ accountId: 'a', type: 'plain', n: 1 }]);
  registry.onPush(push('late', 2));
  registry.onPush(push('plain', 3));
  // Another account waits for nobody.
  registry.onPush(push('plain', 4, 'b'));
  expect(seen).toEqual([1, 4]);
  make({ type: 'late' });
  await expect.poll(() => seen).toEqual([1, 4, 2, 3]);
  registry.onPush(push('plain', 5));
  await expect.poll(() => seen.at(-1)).toBe(5);
});

test('a frame that cannot be made is left out, and holds nothing up', async () => {
  const { registry, seen } = registryOf({ broken: () => Promise.reject(new Error('no key')) });
  registry.onPush(push('broken', 1));
  registry.onPush(push('plain', 2));
  await expect.poll(() => seen).toEqual([2]);
});
