/** Which engine answers when one does not. The engines are two answers: what is tried is the choice between them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EngineChoice } from '../../../src/market/search/choice.ts';
import type { EngineName, SearchEngine } from '../../../src/market/search/engine.ts';
import { DoorbusterError } from '../../../src/protocol/errors.ts';

const engine = (name: EngineName) => ({ name }) as SearchEngine;
const [other, postgres] = [engine('elasticsearch'), engine('postgres')];
let logged: string[];
let choice: EngineChoice;
beforeEach(() => {
  logged = [];
  choice = new EngineChoice(other, postgres, (level, message) => void logged.push(`${level} ${message}`));
});

const answers = async ({ name }: SearchEngine) => name;
const broken = async ({ name }: SearchEngine) => {
  if (name === 'elasticsearch') throw new Error('connection refused');
  return name;
};

describe('the choice of an engine', () => {
  test('is the configured one', async () => {
    expect(await choice.ask(answers)).toEqual({
      answer: 'elasticsearch',
      engine: 'elasticsearch',
      isDegraded: false,
    });
  });

  test('is PostgreSQL while that one fails or is late, said once', async () => {
    for (let n = 0; n < 2; n++)
      expect(await choice.ask(broken)).toEqual({ answer: 'postgres', engine: 'postgres', isDegraded: true });
    const late = await choice.ask(({ name }) =>
      name === 'elasticsearch' ? new Promise<never>(() => {}) : answers({ name } as SearchEngine),
    );
    expect(late.isDegraded).toBe(true);
    expect(logged).toEqual(['warn the search engine does not answer: PostgreSQL stands in']);
  });

  test('asks a broken engine no more for a while, and hears when it is back', async () => {
    let asked = 0;
    const count = (engine: SearchEngine) => {
      if (engine === other) asked += 1;
      return broken(engine);
    };
    for (let n = 0; n < 10; n++) await choice.ask(count);
    expect(asked).toBe(3);
    const isBack = async () => !(await choice.ask(answers)).isDegraded;
    await expect.poll(isBack, { timeout: 10_000 }).toBe(true);
    expect(logged.at(-1)).toBe('info the search engine answers again');
  });

  test('takes a refusal of the request for no fault', async () => {
    const refused = async () => {
      throw new DoorbusterError('validation_failed', 'no such cursor');
    };
    for (let n = 0; n < 5; n++)
      await expect(choice.ask(refused)).rejects.toMatchObject({ code: 'validation_failed' });
    expect((await choice.ask(answers)).isDegraded).toBe(false);
  });

  test('lets no other engine go on from a cursor', async () => {
    await expect(choice.ask(broken, 'elasticsearch')).rejects.toMatchObject({ code: 'cursor_expired' });
    expect((await choice.ask(answers, 'postgres')).engine).toBe('postgres');
    const alone = new EngineChoice(postgres, null, () => {});
    await expect(alone.ask(answers, 'elasticsearch')).rejects.toMatchObject({ code: 'cursor_expired' });
  });

  test('lets a bounded number run and wait in PostgreSQL', async () => {
    const alone = new EngineChoice(postgres, null, () => {});
    const release: (() => void)[] = [];
    let running = 0;
    const slow = () => {
      running += 1;
      return new Promise<string>((resolve) => release.push(() => resolve('done')));
    };
    const asked = Array.from({ length: 210 }, () =>
      alone.ask(slow).then(
        () => 'answered',
        (error) => error.code,
      ),
    );
    await expect.poll(() => running).toBe(3);
    while (release.length > 0) {
      for (const end of release.splice(0)) end();
      await new Promise(setImmediate);
    }
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(7);
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(203);
  });
});
