import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Supervisor } from '../../src/runtime/supervisor.ts';
import type { Role, WorkerName } from '../../src/runtime/thread-messages.ts';
import type { Farewell, Order, PuppetData, PuppetNumbers } from '../support/puppet-thread.ts';

const entry = new URL('../support/puppet-thread.ts', import.meta.url);
const roles = ['gateway', 'shard', 'back-office', 'sandbox'] as const;

class Stage {
  readonly #run = randomUUID();
  readonly logged: string[] = [];
  readonly replaced: string[] = [];
  /** How the roles of threads were asked to end. */
  readonly farewells: string[] = [];
  readonly #heard: BroadcastChannel[] = [];
  readonly supervisor = new Supervisor({
    log: (_level, message) => this.logged.push(message),
    onReplaced: (reason) => this.replaced.push(reason),
    entry,
  });

  start(
    role: Role,
    index: number,
    data: Partial<PuppetData> = {},
    worker: WorkerName = { role, index },
  ): Promise<unknown> {
    const channel = this.#channel(role, index);
    const farewells = new BroadcastChannel(`${channel}-farewells`);
    farewells.onmessage = (event) => this.farewells.push(`${role} ${(event as { data: Farewell }).data}`);
    this.#heard.push(farewells);
    return this.supervisor.start(
      { role, index },
      { channel, farewells: `${channel}-farewells`, ...data },
      worker,
    );
  }

  /** A shard and a gateway in one worker. */
  async join(shard: Partial<PuppetData> = {}, gateway: Partial<PuppetData> = {}): Promise<void> {
    await this.start('shard', 0, shard, { role: 'joined', index: 0 });
    await this.start('gateway', 0, gateway, { role: 'joined', index: 0 });
  }

  order(role: Role, index: number, order: Order): void {
    const channel = new BroadcastChannel(this.#channel(role, index));
    channel.postMessage(order);
    channel.close();
  }

  state(role: Role, index: number) {
    return this.supervisor.states().find((state) => state.role === role && state.index === index)!;
  }

  async numbersAt(role: Role, index: number): Promise<PuppetNumbers | undefined> {
    const rows = await this.supervisor.stats(role);
    return rows.find((row) => row.index === index)?.body as PuppetNumbers | undefined;
  }

  async answerAt(role: Role, index: number): Promise<unknown> {
    return (await this.numbersAt(role, index))?.answer;
  }

  async end(): Promise<void> {
    for (const role of roles) await this.supervisor.stop(role, 100);
    for (const channel of this.#heard) channel.close();
  }

  #channel(role: Role, index: number): string {
    return `${this.#run}-${role}-${index}`;
  }
}

const stages: Stage[] = [];
function setUp(): Stage {
  const stage = new Stage();
  stages.push(stage);
  return stage;
}
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.end();
});

const until = (condition: () => boolean, timeout = 5_000) =>
  expect.poll(condition, { timeout, interval: 5 }).toBe(true);
const answered = (stage: Stage) =>
  expect.poll(() => stage.answerAt('gateway', 0), { timeout: 5_000, interval: 5 });

describe('threads under supervision', () => {
  it('start is answered with what the thread says when it is ready', async () => {
    const stage = setUp();
    expect(await stage.start('shard', 0, { info: { port: 1 } })).toEqual({ port: 1 });
    expect(stage.supervisor.states()).toEqual([
      { role: 'shard', index: 0, isReady: true, restarts: 0, info: { port: 1 } },
    ]);
  });

  it('a thread that dies before it is ready fails its start and is tried again', async () => {
    const stage = setUp();
    await expect(stage.start('shard', 0, { isStillborn: true })).rejects.toThrow('stillborn');
    await until(() => stage.state('shard', 0).restarts >= 2);
    expect(stage.logged).toContain('thread crashed');
  });

  it.each(['fail', 'throw'] as const)('a thread that was told to %s is started anew', async (order) => {
    const stage = setUp();
    await stage.start('shard', 0);
    stage.order('shard', 0, order);
    await until(() => stage.logged.includes('thread works again'));
    expect(stage.logged).toContain('thread crashed');
    expect(stage.state('shard', 0)).toMatchObject({ isReady: true, restarts: 1 });
  });

  it('a killed thread is started anew, and those that talked to it do so again', async () => {
    const stage = setUp();
    await stage.start('shard', 0);
    await stage.start('gateway', 0);
    const ok = { code: 'ok', body: 'puppet/a was told Hello' };
    stage.order('gateway', 0, { ask: 'shard', index: 0 });
    await answered(stage).toEqual(ok);
    await stage.supervisor.kill('shard', 0);
    stage.order('gateway', 0, { ask: 'shard', index: 0 });
    await answered(stage).toBe('nobody');
    await until(() => stage.state('shard', 0).isReady);
    stage.order('gateway', 0, { ask: 'shard', index: 0 });
    await answered(stage).toEqual(ok);
  });

  it('only shards are talked to', async () => {
    const stage = setUp();
    await stage.start('back-office', 0);
    await stage.start('gateway', 0);
    stage.order('gateway', 0, { ask: 'back-office', index: 0 });
    await answered(stage).toBe('nobody');
  });

  it('a stop that takes too long is cut short and is not clean', async () => {
    const stage = setUp();
    await stage.start('shard', 0, { isStubborn: true });
    await stage.start('gateway', 0);
    expect(await stage.supervisor.stop('gateway', 1_000)).toBe(true);
    expect(await stage.supervisor.stop('shard', 20)).toBe(false);
  });
});

describe('a shard and a gateway that are joined in one worker', () => {
  const ok = { code: 'ok', body: 'puppet/a was told Hello' };

  it('talk to each other, and to threads of other workers', async () => {
    const stage = setUp();
    await stage.join();
    await stage.start('shard', 1);
    for (const index of [0, 1]) {
      stage.order('gateway', 0, { ask: 'shard', index });
      await answered(stage).toEqual(ok);
    }
    await stage.start('back-office', 0);
    stage.order('back-office', 0, { ask: 'shard', index: 0 });
    await expect.poll(() => stage.answerAt('back-office', 0)).toEqual(ok);
  });

  it.each(['fail', 'throw', 'kill'] as const)(
    'when the shard is told to %s, the gateway is stopped in order, and both are started anew',
    async (how) => {
      const stage = setUp();
      await stage.join();
      await stage.start('back-office', 0);
      if (how === 'kill') expect(await stage.supervisor.kill('shard', 0)).toBe(true);
      else stage.order('shard', 0, how);
      await until(() => stage.logged.filter((line) => line === 'thread works again').length === 2);
      // Each comes by a channel of its own, in any order.
      await expect.poll(() => stage.farewells.toSorted()).toEqual(['gateway stopped', 'shard abandoned']);
      for (const role of ['shard', 'gateway'] as const)
        expect(stage.state(role, 0)).toMatchObject({ isReady: true, restarts: 1 });
      stage.order('gateway', 0, { ask: 'shard', index: 0 });
      await answered(stage).toEqual(ok);
      stage.order('back-office', 0, { ask: 'shard', index: 0 });
      await expect.poll(() => stage.answerAt('back-office', 0)).toEqual(ok);
    },
  );

  it('a gateway that does not leave in time is cut off', async () => {
    const stage = setUp();
    await stage.join({}, { isStubborn: true });
    stage.order('shard', 0, 'fail');
    await until(() => stage.logged.filter((line) => line === 'thread works again').length === 2);
    await expect.poll(() => stage.farewells.toSorted()).toEqual(['gateway abandoned', 'shard abandoned']);
  });

  it('a shard that fails while it is starting takes the gateway along at once', async () => {
    const stage = setUp();
    const starting = stage.start('shard', 0, { isLate: true }, { role: 'joined', index: 0 });
    await stage.start('gateway', 0, {}, { role: 'joined', index: 0 });
    const killed = stage.supervisor.kill('shard', 0);
    await expect(starting).rejects.toThrow('it was told to end');
    await killed;
    await expect.poll(() => stage.farewells).toEqual(['gateway abandoned']);
  });

  it('the gateway stops first, while the shard still answers others', async () => {
    const stage = setUp();
    await stage.join();
    await stage.start('back-office', 0);
    expect(await stage.supervisor.stop('gateway', 1_000)).toBe(true);
    stage.order('back-office', 0, { ask: 'shard', index: 0 });
    await expect.poll(() => stage.answerAt('back-office', 0)).toEqual(ok);
    expect(await stage.supervisor.stop('shard', 1_000)).toBe(true);
    await expect.poll(() => stage.farewells).toEqual(['gateway stopped', 'shard stopped']);
  });

  it('in a process that is replaced the shard dies for good, and the gateway comes back alone', async () => {
    const stage = setUp();
    await stage.join();
    await stage.start('shard', 1);
    stage.order('shard', 1, 'lose');
    await expect.poll(() => stage.numbersAt('shard', 1)).toSatisfy((now) => now?.obeyed === 1);
    stage.order('shard', 0, 'fail');
    await until(() => stage.state('gateway', 0).restarts === 1 && stage.state('gateway', 0).isReady);
    expect(stage.state('shard', 0)).toMatchObject({ isReady: false, restarts: 0 });
    stage.order('gateway', 0, { ask: 'shard', index: 0 });
    await answered(stage).toBe('nobody');
  });
});

describe('a process that is replaced', () => {
  it('goes on while one of its shards is not retired, and ends with the last', async () => {
    const stage = setUp();
    await stage.start('shard', 0);
    await stage.start('shard', 1);
    await stage.start('gateway', 0);
    stage.order('shard', 0, 'retire');
    await until(() => !stage.state('shard', 0).isReady);
    expect(stage.replaced).toEqual([]);
    // The retired thread lives and answers.
    stage.order('gateway', 0, { ask: 'shard', index: 0 });
    await answered(stage).toMatchObject({ code: 'ok' });
    stage.order('shard', 1, 'retire');
    await until(() => stage.replaced.length > 0);
    expect(stage.replaced).toEqual(['another process has come']);
  });

  it.each(['lose', 'retire'] as const)(
    'starts no shard anew that would claim the partitions back, once one was told to %s',
    async (order) => {
      const stage = setUp();
      await stage.start('shard', 0);
      await stage.start('shard', 1);
      stage.order('shard', 0, order);
      // What it said before its numbers was heard before them; a retired one gives none.
      await expect.poll(() => stage.numbersAt('shard', 0)).toSatisfy((now) => now?.obeyed !== 0);
      stage.order('shard', 1, 'fail');
      await until(() => !stage.state('shard', 1).isReady);
      stage.order('shard', 0, 'retire');
      await until(() => stage.replaced.length > 0);
      expect(stage.state('shard', 1)).toMatchObject({ isReady: false, restarts: 0 });
    },
  );

  it('ends a shard that is still starting: it would claim the partitions back', async () => {
    const stage = setUp();
    await stage.start('shard', 0);
    const starting = stage.start('shard', 1, { isLate: true });
    stage.order('shard', 0, 'retire');
    await expect(starting).rejects.toThrow('before it was ready');
    await until(() => stage.replaced.length > 0);
    expect(stage.state('shard', 1)).toMatchObject({ isReady: false, restarts: 0 });
  });

  it('ends in the end when only a part of it was taken, which nobody else owns either', async () => {
    const stage = setUp();
    await stage.start('shard', 0);
    await stage.start('shard', 1);
    stage.order('shard', 1, 'lose');
    await until(() => stage.replaced.length > 0, 7_000);
    expect(stage.state('shard', 0).isReady).toBe(true);
  }, 10_000);
});
