/** Commands of actors find the effect of their kind, and always get one answer. */
import { expect, test } from 'vitest';
import type { EffectType } from '../../src/protocol/effect.ts';
import { startEffects } from '../../src/runtime/effect-runner.ts';

const news: string[] = [];
let stopped = 0;

function effect(kind: string, answer: () => Promise<string>): EffectType<{ word: string }> {
  return {
    kind,
    create: ({ settings }) => ({
      handle: async ({ type }) => ({
        code: 'ok',
        body: `${settings.word} ${kind} ${type} ${await answer()}`,
      }),
      metrics: () => [],
      stop: async () => void stopped++,
    }),
  };
}

const effects = startEffects(
  [
    effect('mail', async () => 'sent'),
    effect('fax', async () => {
      throw new Error('out of paper');
    }),
  ],
  { settings: { word: 'the' }, now: () => 0, log: (level, message) => void news.push(`${level} ${message}`) },
);

const ask = (kind: string) =>
  new Promise((resolve) => effects.deliver(kind, { type: 'Send' }, (code, body) => resolve([code, body])));

test('a command is handed to the effect of its kind', async () => {
  expect(await ask('mail')).toEqual(['ok', 'the mail Send sent']);
});

test('a kind that nobody serves is not found', async () => {
  expect(await ask('telegram')).toEqual(['not_found', null]);
});

test('an effect that fails answers busy, so that the command comes again, and says so', async () => {
  expect(await ask('fax')).toEqual(['busy', null]);
  expect(news).toEqual(['error an effect failed']);
});

test('all of them stop', async () => {
  await effects.stop();
  expect(stopped).toBe(2);
});
