import { describe, expect, test, vi } from 'vitest';
import { KeptReplies } from '../../src/gateway/kept-replies.ts';

const reply = (text: string) => ({ status: 200, body: { text } }) as const;
const textOf = ({ body }: { body: unknown }) => JSON.parse(Buffer.from(body as Uint8Array).toString()).text;

function trusted(bytesMax = 1_000_000): KeptReplies {
  const kept = new KeptReplies(bytesMax);
  kept.renew();
  return kept;
}

describe('a kept answer', () => {
  test('is made once and given as the same bytes until it is forgotten', async () => {
    const kept = trusted();
    let made = 0;
    const get = () => kept.get('a', async () => reply(`${++made}`));
    const first = await get();
    expect(first.body).toBeInstanceOf(Uint8Array);
    expect((await get()).body).toBe(first.body);
    kept.forget('b');
    expect(textOf(await get())).toBe('1');
    kept.forget('a');
    expect(textOf(await get())).toBe('2');
    kept.forgetAll();
    expect(textOf(await get())).toBe('3');
    expect([kept.hits, kept.misses]).toEqual([2, 3]);
  });

  test('is made once for all who ask at the same time', async () => {
    const kept = trusted();
    const make = vi.fn(async () => reply('x'));
    await Promise.all([kept.get('a', make), kept.get('a', make), kept.get('a', make)]);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test.each(['forget', 'forgetAll'] as const)(
    'that is being made while it is forgotten (%s) is not kept, and not given to whoever asks after that',
    async (how) => {
      const kept = trusted();
      const { promise, resolve } = Promise.withResolvers<string>();
      const early = kept.get('a', async () => reply(await promise));
      kept[how]('a');
      const late = kept.get('a', async () => reply('new'));
      resolve('old');
      expect([textOf(await early), textOf(await late)]).toEqual(['old', 'new']);
      expect(textOf(await kept.get('a', async () => reply('newer')))).toBe('new');
    },
  );

  test('is not kept when it could not be made', async () => {
    const kept = trusted();
    await expect(kept.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(textOf(await kept.get('a', async () => reply('yes')))).toBe('yes');
  });

  test('is neither kept nor given while nobody says that all changes are known', async () => {
    const kept = new KeptReplies(1_000_000);
    let made = 0;
    const make = async () => reply(`${++made}`);
    await kept.get('a', make);
    expect((await kept.get('a', make)).body).toEqual({ text: '2' });
    kept.renew();
    expect(textOf(await kept.get('a', make))).toBe('3');
    expect(textOf(await kept.get('a', make))).toBe('3');
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2_001);
    expect((await kept.get('a', make)).body).toEqual({ text: '4' });
    // What was missed in between is not known: all begins anew.
    kept.renew();
    expect(textOf(await kept.get('a', make))).toBe('5');
    vi.restoreAllMocks();
  });

  test('goes when there are too many bytes, the one first that was not asked for longest', async () => {
    const kept = trusted(40_000);
    const long = 'x'.repeat(4_000);
    const isKept = async (key: string) => {
      let wasMade = false;
      await kept.get(key, async () => {
        wasMade = true;
        return reply(long);
      });
      return !wasMade;
    };
    for (const key of ['a', 'b', 'c', 'd']) await isKept(key);
    expect(await isKept('a')).toBe(true);
    await isKept('e');
    expect(kept.bytes).toBeLessThanOrEqual(40_000);
    expect(await isKept('a')).toBe(true);
    expect(await isKept('b')).toBe(false);
  });
});
