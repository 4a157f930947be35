/** Which event goes to which tables. Events that are not named here cost one look-up. */
import type pg from 'pg';
import { projectStock, stockEvents } from '../market/inventory/projection.ts';
import { projectOrders } from '../market/orders/projection.ts';
import { projectSales, saleEvents } from '../market/sales/projection.ts';
import type { JournalRecord } from '../protocol/frame.ts';

interface Projection {
  readonly kind: string;
  /** null: every event of the kind. */
  readonly types: ReadonlySet<string> | null;
  project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void>;
}

const projections: readonly Projection[] = [
  { kind: 'sku', types: new Set(stockEvents), project: projectStock },
  { kind: 'sale', types: new Set(saleEvents), project: projectSales },
  { kind: 'order', types: null, project: projectOrders },
];
const projectionByKind = new Map(projections.map((projection) => [projection.kind, projection]));

export function isOfInterest({ kind, event }: JournalRecord): boolean {
  const projection = projectionByKind.get(kind);
  return projection !== undefined && (projection.types === null || projection.types.has(event.type));
}

/** Records of one key must be in their order. */
export async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  for (const { kind, project } of projections) {
    const mine = records.filter((record) => record.kind === kind);
    if (mine.length > 0) await project(client, mine);
  }
}
