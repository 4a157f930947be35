/** Messages of actors to actors of the same shard that stand in rows. */
import { afterEach, expect, it } from 'vitest';
import { commandsTo } from '../../src/protocol/command.ts';
import { message } from '../../src/protocol/decider.ts';
import { u32 } from '../../src/protocol/rows.ts';
import { type CounterState, startShard, stopShards, until } from '../support/counter-shard.ts';
import { MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

const greet = commandsTo('counter')('Greet')
  .takes<{ number: number }>()
  .inRows<number, { total: number }>({
    group: [],
    row: { number: u32 },
    view: (base, { number }, nth) => ({ total: base + number + nth }),
  });

it('those of one turn to one actor are decided as one group, and each is answered; one that fits no row goes alone', async () => {
  const groups: number[] = [];
  const { send } = await startShard(new MemoryStore(), {
    decider: {
      decideRows(_state, { count }, _at, answers) {
        groups.push(count);
        for (let row = 0; row < count; row++) answers.accept();
        return { code: 'ok', event: null, common: 1_000 };
      },
      pendingMessages(state) {
        const { greeting, total: number } = state as CounterState;
        if (greeting !== 'wanted') return [];
        return [message(`greet ${number}`, greet, 'hub', { type: 'Greet', number })];
      },
    },
  });
  const numbers = [10, 20, -1, 30];
  for (const number of numbers) await send({ type: 'Add', amount: number }, `one ${number}`);
  for (const number of numbers) void send({ type: 'WantGreeting' }, `one ${number}`);
  const greetingOf = async (number: number) =>
    ((await send({ type: 'Read' }, `one ${number}`)).body as CounterState).greeting;
  const greetings: string[] = [];
  await until(() => groups.length > 0);
  for (const number of numbers) {
    let greeting = 'wanted';
    while (greeting === 'wanted') greeting = await greetingOf(number);
    greetings.push(greeting);
  }
  expect(groups).toEqual([3]);
  expect(greetings).toEqual(['total 1010', 'total 1021', 'total 0', 'total 1032']);
});
