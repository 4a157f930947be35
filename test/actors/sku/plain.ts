/** A SKU's state in words that do not say in which rows things stand. */
import type { Allocation, HoldList } from '../../../src/actors/sku/allocation.ts';
import type { Hold } from '../../../src/actors/sku/hold-table.ts';
import type { SkuState } from '../../../src/actors/sku/state.ts';
import { changesPerBlock } from '../../../src/actors/sku/ticket-units.ts';
import { Blocks, restoreRows, type SavedRows } from '../../../src/protocol/row-blocks.ts';
import { runToEnd } from '../../../src/protocol/slices.ts';
import { readUuid, uuidSpace } from '../../../src/protocol/uuid-words.ts';

const inOnePiece = () => new Blocks(Number.MAX_SAFE_INTEGER);

/** The rows of a saved table that are in use: their numbers, and what their columns say, the key first. */
function rowsOf(
  saved: SavedRows & { readonly firstFree: number },
  columns: number,
  blocks: readonly Uint8Array[] = [],
): Map<number, readonly number[]> {
  const rows = Array.from({ length: saved.end }, () => new Array<number>(columns).fill(0));
  const collectors = Array.from({ length: columns }, (_, n) => ({
    get: (row: number) => rows[row]![n]!,
    set: (row: number, value: number) => {
      rows[row]![n] = value;
    },
  }));
  runToEnd(
    restoreRows(collectors, saved, blocks.length > 0 ? new Blocks(changesPerBlock, blocks) : inOnePiece()),
  );
  const used = new Map(rows.entries());
  for (let at = saved.firstFree; at !== 0; at = rows[at - 1]![0]!) used.delete(at - 1);
  return used;
}

function buyersOf({ buyers }: Allocation): [id: string, units: number, holds: number][] {
  const saved = runToEnd(buyers.save(inOnePiece()));
  const others = new Map(saved.others);
  return Array.from(rowsOf(saved, 6), ([row, [a, b, c, d, units, holds]]) => {
    const id = others.get(row) ?? readUuid(Uint32Array.of(a!, b!, c!, d!), 0, uuidSpace('acc_'));
    return [id, units!, holds!] satisfies [string, number, number];
  }).sort(([one], [other]) => (one < other ? -1 : 1));
}

function ticketsOf({ tickets }: Allocation): { units: (readonly number[])[]; changed: number[] } {
  const saved = runToEnd(tickets.save(inOnePiece()));
  const rows = rowsOf(saved, 3);
  return {
    units: [...rows.values()].sort(([one], [other]) => one! - other!),
    changed: Array.from(
      rowsOf({ ...saved.changed, firstFree: 0 }, 1, saved.changed.blocks).values(),
      ([row]) => rows.get(row!)![0]!,
    ),
  };
}

function holdOf(hold: Hold): unknown {
  const { holdId, buyerId, ticketNumber, quantity, placedAtMs, state, expiresAtMs } = hold;
  const { orderId, resolvedAtMs, allocation } = hold;
  return {
    ...{ holdId, buyerId, ticketNumber, quantity, placedAtMs, state, expiresAtMs, orderId, resolvedAtMs },
    saleId: allocation.saleId,
  };
}

export function plainSku(state: SkuState): object {
  const {
    holds,
    allocationBySale,
    assigned: _,
    waiting,
    ended,
    committed,
    registration,
    general,
    ...rest
  } = state;
  const { productId, sellerId, title, price, stock } = registration ?? {};
  const ids = (list: HoldList) => Array.from(holds.listed(list), ({ holdId }) => holdId);
  const inOrder = [...holds.values()].sort((one, other) => one.serial - other.serial);
  return {
    ...rest,
    registration: { productId, sellerId, title, price, stock },
    holds: inOrder.map(holdOf),
    ...{ ended: ids(ended), committed: ids(committed) },
    waiting: Array.from(waiting, ({ saleId }) => saleId).sort(),
    adjustmentById: Array.from(state.adjustmentById, ([id, { delta, reason, atMs }]) => ({
      ...{ id, delta, reason, atMs },
    })),
    allocations: [...allocationBySale.values(), ...(general === null ? [] : [general])].map((allocation) => {
      const { place: __, unassigned, unwarned, ...plain } = allocation;
      const unwarnedId = unwarned === 0 ? null : holds.at(unwarned).holdId;
      const lists = { unassigned: ids(unassigned), unwarned: unwarnedId };
      return { ...plain, ...lists, buyers: buyersOf(allocation), tickets: ticketsOf(allocation) };
    }),
  };
}
