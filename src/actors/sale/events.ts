/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time. `by`: who steered; absent where the
 * time did, and in records of before.
 */
import type { Code } from '../../protocol/codes.ts';
import type { Queueing, SaleTerms, Steerer } from './commands.ts';

export type SaleEvent =
  | ({ type: 'SaleCreated'; atMs: number } & SaleTerms)
  | { type: 'ItemAllotted'; sku: string; atMs: number }
  | { type: 'ItemRefused'; sku: string; code: Code; available: number | null; atMs: number }
  | { type: 'SaleChanged'; queueing: Queueing; by?: Steerer; atMs: number }
  | { type: 'PrequeueOpened'; atMs: number }
  | { type: 'SaleStarted'; atMs: number }
  /** `holds`: whether new holds stop as well; records from before it was told have none. */
  | { type: 'SalePaused'; holds?: boolean; by?: Steerer; atMs: number }
  | { type: 'SaleResumed'; by?: Steerer; atMs: number }
  | { type: 'SaleSoldOut'; atMs: number }
  | { type: 'SaleReopened'; atMs: number }
  | { type: 'SaleEnded'; reason: 'time' | 'closed' | 'refused'; by?: Steerer; atMs: number }
  | { type: 'ItemReleased'; sku: string; atMs: number }
  /** The SKU gives holds, or none, as revision `revision` of the sale's pause says. */
  | { type: 'ItemPauseSettled'; sku: string; revision: number; atMs: number }
  | {
      type: 'TicketIssued';
      ticketId: string;
      buyerId: string;
      requestId: string | null;
      /** Absent where it is not counted, and in records of before. */
      address?: number;
      /** The same of the address's site. */
      site?: number;
      atMs: number;
    }
  /** Tickets that were issued together, in the order of their numbers; their rows as issued-rows.ts says. */
  | { type: 'TicketsIssued'; count: number; rows: Uint8Array; atMs: number }
  | { type: 'TicketLeft'; ticketNumber: number; atMs: number }
  /**
   * Every live waiting ticket up to and including `upTo` was admitted: by its form it cannot reorder. `isCut`, here and
   * when admissions expire: the turn was full, more is due at once.
   */
  | { type: 'TicketsReleased'; upTo: number; count: number; credit: number; isCut?: true; atMs: number }
  | { type: 'AdmissionsExpired'; ticketNumbers: number[]; isCut?: true; atMs: number }
  | {
      type: 'StockReported';
      sku: string;
      seq: number;
      available: number;
      held: number;
      sold: number;
      tickets: [number, number, number][];
      /** Those of the tickets that own nothing now and have held units since the report before; none in older records. */
      claimed?: number[];
      atMs: number;
    }
  /** Reports of SKUs that were taken in together. A ticket in them that owns nothing has held units since the report before. */
  | { type: 'StocksReported'; reports: StockRow[]; atMs: number };

/** As the SKU has said it. `tickets`: of each that changed its number, units held and units sold. */
export type StockRow = [
  sku: string,
  seq: number,
  available: number,
  held: number,
  sold: number,
  tickets: [number, number, number][],
];
