/** The actor contract as types: what does not compile here must not compile in an actor. */
import { describe, expect, test } from 'vitest';
import { type AnswerTo, commandsTo, numberIn, type Sent, textIn } from '../../src/protocol/command.ts';
import {
  answerTo,
  type Decision,
  dispatch,
  dispatchAnswer,
  message,
  noEvents,
  refuse,
} from '../../src/protocol/decider.ts';

const command = commandsTo('lamp');
const light = command('Light').takes<{ watts: number }>().answers<{ isLit: boolean }>();
const clean = command('Clean').takes<object>().answers<null>();
type State = { isLit: boolean };
type Event = { type: 'Lit' };

const lit = (_state: State, _command: Sent<typeof light>): Decision<State, Event, { isLit: boolean }> => ({
  code: 'ok',
  events: [{ type: 'Lit' }],
  reply: (after) => ({ isLit: after.isLit }),
});
const done = (): Decision<State, Event, null> => ({ code: 'ok', events: noEvents });
const runtime = { Tick: done, Answered: done };

describe('a decision', () => {
  test('brings the reply that the command declares, or refuses', () => {
    const decide = dispatch<State, typeof light | typeof clean, Event>({
      Light: (state, sent, at) => (sent.watts > 100 ? refuse('forbidden', { at }) : lit(state, sent)),
      Clean: done,
      ...runtime,
    });
    expect(decide({ isLit: false }, { type: 'Light', watts: 200 }, 7)).toMatchObject({
      code: 'forbidden',
      reply: { at: 7 },
    });
    expect(decide({ isLit: false }, { type: 'Clean' }, 7)).toMatchObject({ code: 'ok' });
    expect(decide({ isLit: false }, { type: 'Tick' }, 7)).toMatchObject({ code: 'ok' });
  });

  test('of another shape does not compile, nor does a missing command or one too many', () => {
    // @ts-expect-error a reply is missing
    const without: Decision<State, Event, { isLit: boolean }> = { code: 'ok', events: [] };
    // @ts-expect-error another shape
    const other: Decision<State, Event, { isLit: boolean }> = { code: 'ok', events: [], reply: { isLit: 1 } };
    // @ts-expect-error a refusal changes nothing
    const changing: Decision<State, Event, null> = { code: 'busy', events: [{ type: 'Lit' }] };
    type Both = typeof light | typeof clean;
    // @ts-expect-error Light does not answer null
    const swapped = dispatch<State, Both, Event>({ Light: done, Clean: done, ...runtime });
    // @ts-expect-error Clean is not handled
    const fewer = dispatch<State, Both, Event>({ Light: lit, ...runtime });
    // @ts-expect-error nobody declared Break
    const more = dispatch<State, typeof light, Event>({ Light: lit, Break: done, ...runtime });
    for (const each of [without, other, changing, swapped, fewer, more]) expect(each).toBeDefined();
  });

  test('is never taken from what every object has', () => {
    const decide = dispatch<State, typeof light, Event>({ Light: lit, ...runtime });
    for (const type of ['toString', 'constructor', '__proto__'])
      expect(() => decide({ isLit: false }, { type } as never, 0)).toThrow(TypeError);
  });
});

describe('a message', () => {
  const answered = { type: 'Answered', id: 'm1', code: 'ok', body: { isLit: true } } as const;

  test('has the fields that its command declares, and its answer the reply', () => {
    const pending = message('m1', light, 'hall', { type: 'Light', watts: 40 });
    expect(pending).toEqual({ id: 'm1', kind: 'lamp', key: 'hall', command: { type: 'Light', watts: 40 } });
    // @ts-expect-error watts are missing
    message('m1', light, 'hall', { type: 'Light' });
    const answer: AnswerTo<typeof light> = answerTo(light, answered);
    expect(answer.code === 'ok' && answer.body.isLit).toBe(true);
  });

  test('has its answer handled with its own types', () => {
    const take = dispatchAnswer<State, typeof light | typeof clean, Event>({
      Light: (_state, { watts }, answer) =>
        answer.code === 'ok' && answer.body.isLit && watts > 1 ? [{ type: 'Lit' }] : noEvents,
      Clean: () => noEvents,
    });
    expect(take({ isLit: false }, { type: 'Light', watts: 40 }, answered, 0)).toEqual([{ type: 'Lit' }]);
    // @ts-expect-error the answer to Clean is not handled
    dispatchAnswer<State, typeof light | typeof clean, Event>({ Light: () => noEvents });
  });
});

test('details of a refusal are taken as they are, or not at all', () => {
  expect(numberIn({ available: 3 }, 'available')).toBe(3);
  expect(numberIn({ available: '3' }, 'available')).toBeNull();
  expect(textIn({ reason: 'late' }, 'reason')).toBe('late');
  for (const nothing of [null, undefined, 7, 'reason']) expect(textIn(nothing, 'reason')).toBeNull();
});
