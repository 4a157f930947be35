import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { idempotencyDecider } from '../../../src/actors/idempotency/decide.ts';
import { createRunMemory, ServerRun } from '../../../src/market/idempotency/run.ts';
import { ActorKeyStore } from '../../../src/market/idempotency/store.ts';
import type { Ask } from '../../../src/protocol/command.ts';

/** The actor of one owner, and two gateways of one process before it. */
function setUp() {
  const state = idempotencyDecider.initial('acc_1');
  const ask = (async ({ type }, _key, fields) => {
    const decision = idempotencyDecider.decide(state, { ...fields, type } as never, 1_000_000);
    for (const event of decision.events) idempotencyDecider.evolve(state, event);
    const { code, reply } = decision as { code: string; reply?: unknown };
    return { code, body: reply ?? null };
  }) as Ask;
  const memory = createRunMemory(randomUUID());
  const runs = [new ServerRun(memory), new ServerRun(memory)] as const;
  const [one, other] = runs.map((run) => new ActorKeyStore(ask, run)) as [ActorKeyStore, ActorKeyStore];
  return { runs, one, other };
}

const request = { owner: 'acc_1', key: 'k1', fingerprint: 'aa', resourceId: 'ord_1' };
const repeat = { ...request, resourceId: 'ord_2' };

it('a request that one gateway runs is in progress at the others', async () => {
  const { one, other } = setUp();
  expect(await one.begin(request)).toEqual({ outcome: 'run', resourceId: 'ord_1' });
  await expect(other.begin(repeat)).rejects.toMatchObject({ code: 'idempotency_in_progress' });
});

it('what a gateway left open when it died is run again at once, under the same id', async () => {
  const { runs, one, other } = setUp();
  await one.begin(request);
  runs[0].noteDeath();
  expect(await other.begin(repeat)).toEqual({ outcome: 'run', resourceId: 'ord_1' });
  await expect(one.begin(repeat)).rejects.toMatchObject({ code: 'idempotency_in_progress' });
});
