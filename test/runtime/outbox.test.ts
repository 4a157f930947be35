/** Messages that can wait leave together. */
import { expect, test } from 'vitest';
import type { PendingMessage } from '../../src/protocol/decider.ts';
import { Outbox, type Outgoing } from '../../src/runtime/outbox.ts';
import { type Actor, Partition } from '../../src/runtime/partition.ts';
import { VirtualTime } from '../support/memory-wire.ts';

function outboxOf(answer: 'ok' | 'busy' | null = null) {
  const time = new VirtualTime();
  const sent: string[] = [];
  const answered: string[] = [];
  const may = { answer: true };
  const pending = new Map<Actor, PendingMessage[]>();
  const outbox = new Outbox({
    send({ pending: { id } }, done) {
      sent.push(`${time.now()}: ${id}`);
      if (answer !== null) done(answer, null);
    },
    deliver: (_actor, id) => void answered.push(id),
    pendingOf: (actor) => pending.get(actor) ?? [],
    mayAnswer: () => may.answer,
    now: () => time.now(),
    scheduler: time,
  });
  const say = (id: string, partition: Partition, canWait = true): void => {
    const actor = { partition } as Actor;
    const command = { type: 'Hear' };
    pending.set(actor, [{ id, kind: 'k', key: 'k', command, ...(canWait && { canWait }) }]);
    const outgoing: Outgoing[] = [];
    outbox.collect(actor, outgoing);
    for (const each of outgoing) outbox.send(each);
  };
  return { time, sent, answered, may, outbox, say };
}

test('the first leaves at once after a silence, the others together once in 100 ms; what cannot wait does not', () => {
  const { time, sent, say } = outboxOf();
  const partition = new Partition(1);
  say('a', partition);
  time.run(10);
  say('b', partition);
  say('now', partition, false);
  time.run(50);
  say('c', partition);
  time.run(100);
  say('d', partition);
  time.run(500);
  say('e', partition);
  expect(sent).toEqual(['0: a', '10: now', '100: b', '100: c', '200: d', '660: e']);
});

test('one that waits is not sent twice, and again when it is not answered', () => {
  const { time, sent, outbox, say } = outboxOf();
  const partition = new Partition(1);
  say('a', partition);
  say('b', partition);
  for (let n = 0; n < 50; n++) {
    outbox.resend();
    time.run(80);
  }
  expect(sent.filter((line) => line.endsWith('b'))).toEqual(['100: b', '3140: b']);
});

test('nothing leaves of a partition that has ended, or after the end, and later of one that may not answer', () => {
  const { time, sent, may, outbox, say } = outboxOf('ok');
  const [one, other] = [new Partition(1), new Partition(2)];
  say('a', one);
  say('b', one);
  say('c', other);
  outbox.forget(one);
  may.answer = false;
  time.run(200);
  expect(sent).toEqual(['0: a']);
  may.answer = true;
  time.run(200);
  outbox.resend();
  expect(sent).toEqual(['0: a', '400: c']);
  time.run(200);
  say('d', other);
  say('e', other);
  outbox.end();
  time.run(1_000);
  expect(sent.slice(2)).toEqual(['600: d']);
});

test('of very many a part leaves at a time, in their order', () => {
  const { time, sent, outbox, say } = outboxOf();
  const partition = new Partition(1);
  for (let n = 0; n <= 1_200; n++) say(`m${n}`, partition);
  expect(sent).toHaveLength(1);
  const turns: number[] = [];
  const { after } = time;
  time.after = (ms, task) => {
    turns.push(sent.length);
    return after.call(time, ms, task);
  };
  time.run(100);
  expect(turns).toEqual([1, 501, 1_001]);
  expect(sent.map((line) => line.split('m')[1])).toEqual(Array.from({ length: 1_201 }, (_, n) => `${n}`));
  outbox.end();
});
