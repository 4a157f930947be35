/**
 * What an actor may be, checked after every event that it takes, in memory and before it is durable; how it decides
 * about a hold, compared with a naive second opinion; and what a recovered shard knows, compared with the journal.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OrderState } from '../../src/actors/order/state.ts';
import type { SaleState } from '../../src/actors/sale/state.ts';
import type { PlaceHold } from '../../src/actors/sku/commands.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { AnyDecider } from '../../src/protocol/decider.ts';
import { decodeState } from '../../src/runtime/saved-state.ts';
import type { Instance } from './instance.ts';
import { naiveHold, naiveRows } from './second-opinion.ts';
import { naiveJoins, naiveReports } from './second-opinion-joins.ts';
import type { Shadow, World } from './world.ts';

/** The same decider, looked at. */
export function watched(decider: AnyDecider, instance: Instance, world: World): AnyDecider {
  const { kind } = decider;
  const { restoreInSlices } = decider;
  const restored = (key: string, state: unknown) => {
    const isOpen = () => !instance.shard.stats().recoveringPartitions.includes(partitionOf(kind, key));
    if (instance.isReady && isOpen()) world.count('passivated actors loaded');
    if (kind !== 'idempotency') instance.states.set(`${kind}/${key}`, { decider, state });
    return state;
  };
  const noteChange = (state: unknown, event: unknown) => {
    const key = keyOf(kind, state);
    if (key === null) return;
    instance.states.set(`${kind}/${key}`, { decider, state });
    if (kind === 'sku') checkSku(world, state as SkuState, event);
    if (kind === 'sale') checkSale(world, state as SaleState, event);
  };
  return {
    ...decider,
    decide(state, command, at) {
      instance.time.decides(`${kind} ${command.type}`, at);
      const decision = decider.decide(state, command, at);
      if (command.type === 'PlaceHold') {
        const expected = naiveHold(state as SkuState, command as PlaceHold, at);
        if (decision.code !== expected)
          world.fail(
            'the oracle decides the same',
            `${JSON.stringify(command)}: ${decision.code}, not ${expected}`,
          );
      }
      return decision;
    },
    ...(decider.decideRows && {
      decideRows(state, rows, at, answers) {
        instance.time.decides(`${kind} rows of ${rows.type}`, at);
        const naive = rows.type === 'ReportStock' ? naiveReports : naiveJoins;
        const expected =
          kind === 'sale' ? naive(state as SaleState, rows) : naiveRows(state as SkuState, rows, at);
        const decision = decider.decideRows!(state, rows, at, answers);
        const codes: Code[] = new Array(rows.count).fill(decision.code);
        for (const [row, code] of answers.others) codes[row] = code;
        if (codes.join() !== expected.join())
          world.fail(
            'the oracle decides the same',
            `rows of ${rows.type} of ${keyOf(kind, state)}: ${codes}, not ${expected}`,
          );
        if (decision.event !== null) noteChange(state, decision.event);
        return decision;
      },
    }),
    evolve(state, event) {
      decider.evolve(state, event);
      noteChange(state, event);
    },
    restore: (key, snapshot, version) => restored(key, decider.restore(key, snapshot, version)),
    ...(restoreInSlices && {
      *restoreInSlices(key, snapshot, version) {
        return restored(key, yield* restoreInSlices(key, snapshot, version));
      },
    }),
  };
}

export function keyOf(kind: string, state: unknown): string | null {
  if (kind === 'sku') return (state as SkuState).sku;
  if (kind === 'sale') return (state as SaleState).saleId;
  return kind === 'order' ? (state as OrderState).orderId : null;
}

function checkSku(world: World, state: SkuState, event: unknown): void {
  let held = 0;
  let sold = 0;
  let allotted = 0;
  let isWrong = false;
  for (const allocation of state.allocationBySale.values()) {
    held += allocation.held;
    sold += allocation.sold;
    const free = allocation.isOpen ? allocation.quantity - allocation.held - allocation.sold : 0;
    allotted += free;
    if (free < 0 || allocation.held < 0 || allocation.sold < 0) isWrong = true;
  }
  const general = state.onHand - held - sold - allotted;
  if (isWrong || general < 0 || held !== state.held || sold !== state.sold || allotted !== state.allotted)
    world.fail('units are conserved', `sku ${state.sku} after ${JSON.stringify(event)}`);
}

function checkSale(world: World, state: SaleState, event: unknown): void {
  let isWrong = state.tickets.waitingBefore(state.nowServing + 1) > 0;
  for (const number of state.active.keys()) if (number > state.nowServing) isWrong = true;
  if (isWrong)
    world.fail('admissions in ticket order', `sale ${state.saleId} after ${JSON.stringify(event)}`);
}

/**
 * What a shard has just recovered is open, is exactly what the journal says, and engine time is not before it. Without
 * `partitions`: all that it owns, when it is at rest.
 */
export function checkRecovered(world: World, instance: Instance, partitions?: ReadonlySet<number>): void {
  const { shadows, store, model } = world;
  const halted = instance.shard
    .stats()
    .haltedPartitions.filter(({ partition }) => partitions?.has(partition) ?? true);
  if (halted.length > 0) world.fail('the journal can be replayed', JSON.stringify(halted));
  const isOwned = (partition: number) =>
    instance.disk.epochs.get(partition) === store.stream(partition).epoch &&
    (partitions?.has(partition) ?? instance.shard.numbers.includes(partition));
  for (const [name, shadow] of shadows) {
    const slash = name.indexOf('/');
    const partition = partitionOf(name.slice(0, slash), name.slice(slash + 1));
    if (!isOwned(partition)) continue;
    compare(
      world,
      name,
      shadow,
      instance.states.get(name)?.state ?? passivated(world, partition, name, shadow),
    );
  }
  for (const [partition, newestMs] of model.newestMs) {
    if (isOwned(partition) && instance.now < newestMs)
      world.fail('engine time never goes back', `partition ${partition}: ${instance.now} < ${newestMs}`);
  }
}

/** The state of an actor that is not in memory: as it was saved. */
export function passivated(world: World, partition: number, name: string, { decider }: Shadow): unknown {
  const saved = world.store.saved.get(partition)?.actors.get(name);
  if (saved?.passivatedHash === undefined) return undefined;
  return decider.restore(saved.key, decodeState(saved), saved.version);
}

/** Both as plain data, so that what only speeds things up (heaps, counters of rates) does not count. */
export function compare(world: World, name: string, expected: Shadow, state: unknown): void {
  if (state === undefined) {
    world.fail('no acknowledged command is lost', `${name} is gone`);
    return;
  }
  const plain = (value: unknown) => structuredClone(expected.decider.snapshot(value));
  if (isDeepStrictEqual(plain(state), plain(expected.state))) return;
  const show = (value: unknown) => JSON.stringify(plain(value)).slice(0, 1_500);
  world.fail(
    'memory is what the journal says',
    `${name}\n  memory  ${show(state)}\n  journal ${show(expected.state)}`,
  );
}
