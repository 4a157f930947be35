import { describe, expect, it } from 'vitest';
import { type Directory, evenSpread, partitionOf } from '../../src/protocol/address.ts';
import { type Answer, busy } from '../../src/protocol/answer.ts';
import { type AnyCommand, commandsTo } from '../../src/protocol/command.ts';
import type { Peer } from '../../src/protocol/peer.ts';
import { EngineClient } from '../../src/runtime/engine-client.ts';
import { readPositions } from '../../src/runtime/shard-inspection.ts';

const add = commandsTo('counter')('Add').takes<{ amount: number }>().answers<{ total: number }>();
const charge = commandsTo('bank')('Charge').takes<{ amount: number }>().answers<null>();

interface Asked {
  readonly at: string;
  readonly kind: string;
  readonly key: string;
  readonly command: AnyCommand;
}

/** Threads by name, each with the answer that it gives to everything. */
function client(answers: Record<string, Answer>, directory: Directory = evenSpread(2)) {
  const asked: Asked[] = [];
  const peer = (role: string, index: number) => {
    const at = `${role}/${index}`;
    const answer = answers[at];
    if (!answer) return undefined;
    const request: Peer['request'] = (kind, key, command, done) => {
      asked.push({ at, kind, key, command });
      done(answer);
    };
    return { request } as Peer;
  };
  return { asked, engine: new EngineClient({ peer }, directory, new Set(['bank'])) };
}

const ok = (body: unknown): Answer => ({ code: 'ok', body });

describe('the engine as threads see it', () => {
  it('a command goes to the shard that runs its actor', async () => {
    const { asked, engine } = client({ 'shard/0': ok({ total: 1 }), 'shard/1': ok({ total: 1 }) });
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(await engine.ask(add, key, { amount: 1 })).toEqual({ code: 'ok', body: { total: 1 } });
      const shard = partitionOf('counter', key) % 2;
      const command = { type: 'Add', amount: 1 };
      expect(asked.pop()).toEqual({ at: `shard/${shard}`, kind: 'counter', key, command });
    }
  });

  it('a command for an effect goes to the back office', async () => {
    const { asked, engine } = client({ 'back-office/0': ok(null) });
    expect(await engine.ask(charge, 'a', { amount: 1 })).toEqual(ok(null));
    expect(asked).toMatchObject([{ at: 'back-office/0', kind: 'bank' }]);
  });

  it('what nobody runs, or whoever runs it is not there, answers busy', async () => {
    const nobody = { ownerOf: () => null, partitionsOf: () => [] };
    expect(await client({ 'shard/0': ok(null) }, nobody).engine.ask(add, 'a', { amount: 1 })).toEqual(busy);
    expect(await client({}).engine.ask(add, 'a', { amount: 1 })).toEqual(busy);
    expect(await client({}).engine.ask(charge, 'a', { amount: 1 })).toEqual(busy);
  });

  it('every shard is asked once; null stands for one that is away or refuses', async () => {
    const { asked, engine } = client({ 'shard/0': ok([[0, 7]]), 'shard/1': busy }, evenSpread(3));
    expect(await engine.everyShard(readPositions, {})).toEqual([[[0, 7]], null, null]);
    expect(asked.map(({ at, kind, key }) => [at, kind, key])).toEqual([
      ['shard/0', 'shard', '0'],
      ['shard/1', 'shard', '1'],
    ]);
  });

  it('a name is found wherever it is; it is known to be nobody only when all have answered', async () => {
    const here = ok({ key: 'a', partitions: [] });
    const [even, odd] = [0, 1].map((shard) => {
      const { partitionsOf } = evenSpread(2);
      return ok({ key: null, partitions: partitionsOf(shard) });
    });
    const nowhere = even!;
    expect(await client({ 'shard/0': nowhere, 'shard/1': here }).engine.find('sku', 'x')).toBe('a');
    expect(await client({ 'shard/1': here }).engine.find('sku', 'x')).toBe('a');
    expect(await client({ 'shard/0': nowhere, 'shard/1': odd! }).engine.find('sku', 'x')).toBeNull();
    // A partition on its way from one shard to the other.
    const less = ok({ key: null, partitions: evenSpread(2).partitionsOf(1).slice(1) });
    await expect(
      client({ 'shard/0': nowhere, 'shard/1': less }).engine.find('sku', 'x'),
    ).rejects.toMatchObject({
      code: 'busy',
    });
    await expect(client({ 'shard/0': nowhere }).engine.find('sku', 'x')).rejects.toMatchObject({
      code: 'busy',
    });
    const partly = { ...evenSpread(1), ownerOf: (partition: number) => (partition === 5 ? null : 0) };
    const search = client({ 'shard/0': nowhere }, partly).engine.find('sku', 'x');
    await expect(search).rejects.toMatchObject({ code: 'busy' });
  });
});
