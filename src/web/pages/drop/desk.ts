/** What the parts of a drop's model know of the whole. */
import type { KeptPlace } from './kept.ts';
import type { DropState, News, Ticket } from './state.ts';

export interface Desk {
  readonly saleId: string;
  readonly state: DropState;
  /** null: nobody yet. */
  readonly kept: KeptPlace | null;
  hear(news: News): void;
  /** Takes in the caller's ticket. */
  place(ticket: Ticket): void;
  /** Reads the sale and the place again. */
  refresh(): Promise<void>;
  /** Reads again what is held, and an order that is not at rest. */
  look(): Promise<void>;
  /** Looks for what another tab or device of the account holds, or has bought. */
  findElsewhere(): void;
  /** These are not asked for any more. */
  forgetHolds(holdIds: readonly string[]): void;
}
