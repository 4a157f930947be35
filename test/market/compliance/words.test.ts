/** What is a forbidden word of a text, and what is none. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Turns, WordList } from '../../../src/market/compliance/words.ts';

async function finds(pattern: string, text: string): Promise<boolean> {
  return (await (await WordList.of([[pattern, pattern]])).foundIn(text, new Turns())).has(pattern);
}

describe('a forbidden word', () => {
  test.each([
    ['gun', 'A GUN for sale'],
    ['gun', 'toy-gun, red'],
    ['gun', 'ｇｕｎ'],
    ['gun', 'g\u200bun'],
    ['gun', 'g\u00adu\u200dn'],
    ['ﬁre', 'FIRE'],
    ['Straße', 'STRASSE 7'],
    ['ΟΔΟΣ', 'οδος'],
    ['free money', 'Free  MONEY!'],
    ['free money', 'free-money'],
    ['枪支', '玩具枪支模型'],
    ['ปืน', 'ขายปืนของเล่น'],
    ['can’t', "can't"],
    ['№1', 'no1'],
  ])('%s is in "%s"', async (pattern, text) => {
    expect(await finds(pattern, text)).toBe(true);
  });

  test.each([
    ['gun', 'We have begun'],
    ['gun', 'guns'],
    ['free money', 'money free'],
    ['free money', 'free the money'],
    ['枪支', '枪'],
    ['.*', 'anything'],
    ['(', '('],
    ['gun', ''],
  ])('%s is not in "%s"', async (pattern, text) => {
    expect(await finds(pattern, text)).toBe(false);
  });

  test('is found wherever it stands, however it is written', async () => {
    const word = fc.stringMatching(/^[a-zà-ÿ]{3,12}$/);
    const around = fc.array(fc.stringMatching(/^[a-zà-ÿ]{1,8}$/), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(word, around, around, fc.boolean(), (pattern, before, after, isUpper) => {
        const written = isUpper ? pattern.toUpperCase() : pattern.normalize('NFD');
        return finds(pattern, [...before, written, ...after].join(' '));
      }),
    );
  });

  test('is found at every place of a long text, at the edges of its pieces, too', async () => {
    for (let before = 380; before < 530; before++) {
      for (const filler of ['x', '枪', 'é ', '\u0301', 'x\u200b'])
        expect(
          await finds('gun', `${filler.repeat(before / filler.length)} g\u200bun ${'y'.repeat(9)}`),
        ).toBe(true);
      expect(await finds('枪支', `${'手'.repeat(before)}枪支`)).toBe(true);
    }
  });

  test('is compared with the words of the text, each once, as a plain search over them would', async () => {
    const word = fc.constantFrom('a', 'b', 'c', 'ab');
    const words = fc.array(word, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { maxLength: 6 }),
        fc.array(word, { maxLength: 30 }),
        async (patterns, text) => {
          const list = await WordList.of(patterns.map((pattern, at) => [pattern.join(' '), at]));
          const wanted = patterns.flatMap((pattern, at) =>
            ` ${text.join(' ')} `.includes(` ${pattern.join(' ')} `) ? [at] : [],
          );
          expect([...(await list.foundIn(text.join(' '), new Turns()))].sort()).toEqual(wanted.sort());
        },
      ),
    );
  });
});
