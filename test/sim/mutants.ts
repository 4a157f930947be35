/**
 * The engine with one rule broken on purpose. Each of them must be caught: they show that the checks can see. Real
 * parts are wrapped; nothing of this is in `src/`.
 */
import type { OrderState } from '../../src/actors/order/state.ts';
import type { SaleEvent } from '../../src/actors/sale/events.ts';
import type { SaleState } from '../../src/actors/sale/state.ts';
import { ticketStatus } from '../../src/actors/sale/ticket-table.ts';
import { placeHold, type SkuCommand } from '../../src/actors/sku/commands.ts';
import type { SkuEvent } from '../../src/actors/sku/events.ts';
import { type Hold, HoldTable } from '../../src/actors/sku/hold-table.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import type { AnyDecider, PendingMessage } from '../../src/protocol/decider.ts';
import type { ActorSnapshot, Journal, Newest, Save } from '../../src/protocol/journal.ts';
import type { Rows } from '../../src/protocol/rows.ts';
import { forgetJoined, nextNumber, rehear } from './mutants-of-joins.ts';
import type { Mutant, SnapshotterStore } from './world.ts';

/** The decider of one kind, changed; all others as they are. */
function of(kind: string, change: (decider: AnyDecider) => Partial<AnyDecider>): Mutant {
  return {
    decider: (decider) => (decider.kind === kind ? { ...decider, ...change(decider) } : decider),
  };
}

/** A journal with one call replaced. */
function through(journal: Journal, change: Partial<Journal>): Journal {
  return {
    durability: journal.durability,
    isDurable: journal.isDurable,
    claim: (partitions, owner) => journal.claim(partitions, owner),
    release: (partitions, owner) => journal.release(partitions, owner),
    newest: (partitions) => journal.newest(partitions),
    append: (frames) => journal.append(frames),
    restore: (frames) => journal.restore(frames),
    read: (partition, afterSeq, limit) => journal.read(partition, afterSeq, limit),
    readMany: (after, limit) => journal.readMany(after, limit),
    trim: (partition, upToSeq) => journal.trim(partition, upToSeq),
    sizeBytes: () => journal.sizeBytes(),
    close: () => journal.close(),
    ...change,
  };
}

/** A journal whose answer to `newest` is changed, given what an owner whom nobody has replaced would hear. */
function throughClaims(
  journal: Journal,
  change: (owned: readonly Newest[], newest: readonly Newest[]) => readonly Newest[],
): Journal {
  const epochs = new Map<number, number>();
  return through(journal, {
    claim: async (partitions, owner) => {
      const claims = await journal.claim(partitions, owner);
      for (const { partition, epoch } of claims) epochs.set(partition, epoch);
      return claims;
    },
    newest: async (partitions) => {
      const owned = partitions.map((partition) => {
        return { partition, epoch: epochs.get(partition)!, seq: Number.MAX_SAFE_INTEGER };
      });
      return [...change(owned, await journal.newest(partitions))];
    },
  });
}

function throughStore(store: SnapshotterStore): SnapshotterStore {
  return {
    load: (partition) => store.load(partition),
    checkpoint: (partition) => store.checkpoint(partition),
    heavyPartitions: (partitions, bytes) => store.heavyPartitions(partitions, bytes),
    projectedSeq: (partition) => store.projectedSeq(partition),
    loadPassivated: (partition, actors) => store.loadPassivated(partition, actors),
    save: (save) => store.save(save),
  };
}

/** Saves blocks with other bytes; `name`: of an actor and the block's place in it. */
function throughBlocks(
  store: SnapshotterStore,
  change: (name: string, bytes: Uint8Array | null) => Uint8Array | null,
): SnapshotterStore {
  async function* changed(actors: Save['actors']): AsyncGenerator<ActorSnapshot> {
    for await (const actor of actors) {
      const { kind, key, blocks } = actor;
      if (blocks === undefined) yield actor;
      else
        yield {
          ...actor,
          blocks: blocks.map(({ hash, bytes }, place) => ({
            hash,
            bytes: change(`${kind}/${key}/${place}`, bytes),
          })),
        };
    }
  }
  return {
    ...throughStore(store),
    save: (save) => store.save({ ...save, actors: changed(save.actors) }),
  };
}

function skipLimit(sku: AnyDecider): Partial<AnyDecider> {
  return {
    ...inGroups(sku, 'PlaceHold', (state, { group }) => {
      const allocation = allocationOf(state, group.saleId!);
      const limit = allocation?.purchaseLimit ?? 0;
      if (allocation) allocation.purchaseLimit = Number.MAX_SAFE_INTEGER;
      return {
        end: () => {
          if (allocation) allocation.purchaseLimit = limit;
        },
      };
    }),
    decide(state: SkuState, command: SkuCommand, at) {
      if (command.type !== 'PlaceHold') return sku.decide(state, command, at);
      const allocation = state.allocationBySale.get(command.saleId) as { purchaseLimit: number } | undefined;
      const limit = allocation?.purchaseLimit ?? 0;
      if (allocation) allocation.purchaseLimit = Number.MAX_SAFE_INTEGER;
      const decision = sku.decide(state, command, at);
      if (allocation) allocation.purchaseLimit = limit;
      return decision;
    },
  };
}

type Loose = { purchaseLimit: number; quantity: number };

function allocationOf(state: SkuState, saleId: string): Loose | undefined {
  return state.allocationBySale.get(saleId) as Loose | undefined;
}

interface Trick {
  /** Before a row is applied. */
  onAccept?(): void;
  /** After the whole group. */
  end?(): void;
}

/** Something goes wrong while a group of rows of this type is decided. */
function inGroups(
  sku: AnyDecider,
  type: SkuCommand['type'],
  begin: (state: SkuState, rows: Rows) => Trick,
): Partial<AnyDecider> {
  return {
    decideRows(state, rows, at, answers) {
      if (rows.type !== type) return sku.decideRows!(state, rows, at, answers);
      const trick = begin(state as SkuState, rows);
      const accept = answers.accept.bind(answers);
      answers.accept = () => {
        accept();
        trick.onAccept?.();
      };
      const decision = sku.decideRows!(state, rows, at, answers);
      trick.end?.();
      return decision;
    },
  };
}

/** Rows do not see what those before them took. */
function blindInGroups(field: keyof Loose): (sku: AnyDecider) => Partial<AnyDecider> {
  return (sku) =>
    inGroups(sku, 'PlaceHold', (state, { group }) => {
      const allocation = allocationOf(state, group.saleId!);
      const before = allocation?.[field] ?? 0;
      return {
        onAccept: () => {
          allocation![field] += 1_000;
        },
        end: () => {
          if (allocation) allocation[field] = before;
        },
      };
    });
}

/** A hold that the same group has placed is not known. */
function forgetInGroups(sku: AnyDecider): Partial<AnyDecider> {
  return inGroups(sku, 'PlaceHold', (state) => {
    const { holds } = state;
    const knownBefore = new Set(holds.ids());
    holds.getUuid = (words, at) => {
      const known = HoldTable.prototype.getUuid.call(holds, words, at) as Hold | undefined;
      return known && knownBefore.has(known.holdId) ? known : undefined;
    };
    return { end: () => Reflect.deleteProperty(holds, 'getUuid') };
  });
}

/** Who came in once brings in all behind. */
function admitGroup(sku: AnyDecider): Partial<AnyDecider> {
  return inGroups(sku, 'PlaceHold', (_state, { words, count }) => ({
    onAccept: () => {
      const layout = placeHold.rows;
      for (let row = 0; row < count; row++)
        words[row * layout.words + layout.at('admissionExpiresAtMs') + 1] = 2 ** 20;
    },
  }));
}

/** What is found while a group of this type is decided looks otherwise than it is. */
function disguised(
  type: SkuCommand['type'],
  disguise: (hold: Hold, first: Map<string, Hold['state']>) => void,
) {
  return (sku: AnyDecider): Partial<AnyDecider> =>
    inGroups(sku, type, (state) => {
      const { holds } = state;
      const first = new Map<string, Hold['state']>();
      holds.getUuid = (words, at) => {
        const known = HoldTable.prototype.getUuid.call(holds, words, at) as Hold | undefined;
        if (known) disguise(known, first);
        return known;
      };
      return { end: () => Reflect.deleteProperty(holds, 'getUuid') };
    });
}

/** Rows see each hold as it was before the group. */
function asBefore(hold: Hold, first: Map<string, Hold['state']>): void {
  const { holdId, state } = hold;
  if (!first.has(holdId)) first.set(holdId, state);
  const { set } = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(hold),
    'state',
  )! as Required<PropertyDescriptor>;
  Object.defineProperty(hold, 'state', { get: () => first.get(holdId), set });
}

/** Nothing ever ends. */
function timeless(hold: Hold): void {
  Object.defineProperty(hold, 'expiresAtMs', { get: () => Number.POSITIVE_INFINITY });
}

function commitExpired(sku: AnyDecider): Partial<AnyDecider> {
  return {
    ...disguised('CommitHold', timeless)(sku),
    decide(state: SkuState, command: SkuCommand, at) {
      if (command.type !== 'CommitHold') return sku.decide(state, command, at);
      const hold = state.holds.get(command.holdId);
      if (!hold || hold.orderId !== command.orderId || hold.expiresAtMs > at)
        return sku.decide(state, command, at);
      if (hold.state !== 'committing' && hold.state !== 'expired') return sku.decide(state, command, at);
      const { holdId, quantity } = hold;
      return { code: 'ok', events: [{ type: 'HoldCommitted', holdId, quantity, atMs: at }] };
    },
  };
}

/** What changes while a report is under way counts as said with it. */
function forgetLaterChanges(sku: AnyDecider): Partial<AnyDecider> {
  return {
    evolve(state: SkuState, event: SkuEvent) {
      sku.evolve(state, event);
      if (event.type !== 'ReportAcknowledged') return;
      state.allocationBySale.get(event.saleId)!.isReportDue = false;
      state.reportDueMs = Number.POSITIVE_INFINITY;
    },
  };
}

/** The last of those who come in gives way to the next one in the queue. */
function releaseOutOfOrder(sale: AnyDecider): Partial<AnyDecider> {
  return {
    evolve(state: SaleState, event: SaleEvent) {
      sale.evolve(state, event);
      const { tickets, active } = state;
      if (event.type !== 'TicketsReleased' || event.upTo >= tickets.count) return;
      const next = event.upTo + 1;
      if (tickets.status(next) !== ticketStatus.waiting) return;
      tickets.setStatus(next, ticketStatus.admitted);
      tickets.setStatus(event.upTo, ticketStatus.waiting);
      active.set(next, active.get(event.upTo)!);
      active.delete(event.upTo);
    },
  };
}

/** Money first: capture is asked for while holds are not committed. */
function captureEarly(order: AnyDecider): Partial<AnyDecider> {
  return {
    pendingMessages(state: OrderState) {
      const pending = order.pendingMessages(state);
      const { orderId, status, payment, paymentId, priced } = state;
      if (status !== 'committing' || payment !== 'authorized' || paymentId === null || priced === null)
        return pending;
      const idempotencyKey = `${orderId}:capture`;
      const command = { type: 'CapturePayment', orderId, paymentId, amount: priced.total, idempotencyKey };
      const early: PendingMessage = { id: idempotencyKey, kind: 'payments', key: orderId, command };
      return [...pending.filter(({ id }) => id !== early.id), early];
    },
  };
}

/** An order that fails keeps what it took. */
function keepUnits(order: AnyDecider): Partial<AnyDecider> {
  return {
    pendingMessages: (state) =>
      order.pendingMessages(state).filter(({ command }) => command.type !== 'ReleaseHold'),
  };
}

/** Anew for each message, so that no receiver can tell a repeat. */
function withoutIds(): NonNullable<Mutant['outgoing']> {
  let sent = 0;
  return (command) =>
    'idempotencyKey' in command ? { ...command, idempotencyKey: `fresh-${++sent}` } : command;
}

/** As it was before poisoned actors were contained. */
function dieOfDecisions(decider: AnyDecider, end: () => void): AnyDecider {
  return {
    ...decider,
    decide(state, command, at) {
      try {
        return decider.decide(state, command, at);
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}

function swallowInEvolve(decider: AnyDecider): AnyDecider {
  return {
    ...decider,
    evolve(state, event) {
      try {
        decider.evolve(state, event);
      } catch {
        // As if it had been applied.
      }
    },
  };
}

/** A Tick that fails counts as done: what was due is forgotten. */
function forgetFailedTicks(decider: AnyDecider): AnyDecider {
  const forgotten = new WeakSet<object>();
  return {
    ...decider,
    decide(state, command, at) {
      try {
        return decider.decide(state, command, at);
      } catch (error) {
        if (command.type !== 'Tick') throw error;
        forgotten.add(state as object);
        return { code: 'ok', events: [] };
      }
    },
    deadline: (state, at) =>
      forgotten.has(state as object) ? Number.POSITIVE_INFINITY : decider.deadline(state, at),
  };
}

export const mutants: Readonly<Record<string, () => Mutant>> = {
  'skip the limit check': () => of('sku', skipLimit),
  'the limit is judged once a group': () => of('sku', blindInGroups('purchaseLimit')),
  'the stock is judged once a group': () => of('sku', blindInGroups('quantity')),
  'a repeat inside a group is placed again': () => of('sku', forgetInGroups),
  'one admission lets a group in': () => of('sku', admitGroup),
  'commit an expired hold': () => of('sku', commitExpired),
  'a hold that is over is committed in a group': () => of('sku', disguised('CommitHold', timeless)),
  'a hold is committed twice in a group': () => of('sku', disguised('CommitHold', asBefore)),
  'two orders take a hold in a group': () => of('sku', disguised('AttachHold', asBefore)),
  'a buyer joins twice in a group': () => of('sale', forgetJoined),
  'tickets of a group are told the next number': () => of('sale', nextNumber),
  'an old report in a group counts again': () => of('sale', rehear),
  'reply before the journal': () => ({
    journal: (journal) =>
      through(journal, {
        append: async (frames) => {
          void journal.append(frames).catch(() => {});
          return frames.map(() => 'ok');
        },
      }),
  }),
  'resend without an id': () => ({ outgoing: withoutIds() }),
  'a sale never hears of what changed while a report was under way': () => of('sku', forgetLaterChanges),
  'release out of order': () => of('sale', releaseOutOfOrder),
  'trim too early': () => ({
    journal: (journal, store) =>
      through(journal, { trim: (partition) => journal.trim(partition, store.stream(partition).tailSeq) }),
  }),
  'accept a stale epoch': () => ({
    store: (store) => {
      store.isFencing = false;
    },
  }),
  'answer without asking who the owner is': () => ({
    journal: (journal) => throughClaims(journal, (owned) => owned),
  }),
  'a replaced partition goes on answering reads while the shard has others': () => ({
    journal: (journal) =>
      throughClaims(journal, (owned, newest) =>
        newest.some(({ epoch }, index) => epoch === owned[index]!.epoch) ? owned : newest,
      ),
  }),
  'the replies of a replaced partition leave as if its frame were durable': () => ({
    journal: (journal) =>
      through(journal, {
        append: async (frames) =>
          (await journal.append(frames)).map((outcome) => (outcome === 'stale' ? 'ok' : outcome)),
      }),
  }),
  'open before the other one has stopped': () => ({
    journal: (journal) =>
      through(journal, {
        claim: async (partitions, owner) =>
          (await journal.claim(partitions, owner)).map((claim) => ({ ...claim, isTakenOver: false })),
      }),
  }),
  'time belongs to a shard': () => ({ isTimePerThread: true }),
  'a shard opens before the others have recovered': () => ({ isOpeningAlone: true }),
  'capture before the commit': () => of('order', captureEarly),
  'keep the units of a failed order': () => of('order', keepUnits),
  'a checkpoint ahead of its actors': () => ({
    snapshots: (store) => ({
      ...throughStore(store),
      save: (save) => store.save({ ...save, toSeq: save.toSeq + 1 }),
    }),
  }),
  'a save without its new blocks': () => ({
    snapshots: (store) => throughBlocks(store, () => null),
  }),
  'old blocks beside new ones': () => {
    const first = new Map<string, Uint8Array | null>();
    return {
      snapshots: (store) =>
        throughBlocks(store, (name, bytes) => {
          if (!first.has(name)) first.set(name, bytes);
          return first.get(name)!;
        }),
    };
  },
  'a throwing decision kills the shard': () => ({ decider: dieOfDecisions }),
  'an exception in evolve is swallowed': () => ({ decider: swallowInEvolve }),
  'a Tick that fails is never armed again': () => ({ decider: forgetFailedTicks }),
  'a save over another one': () => ({
    store: (store) => {
      store.areSavesChecked = false;
    },
  }),
};
