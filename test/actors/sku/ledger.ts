/**
 * A second, naive bookkeeping of one SKU, made from its events alone: lists, no counters, every figure counted anew.
 * It knows the rules and throws when an event breaks one: a hold resolves once, only its order returns it.
 */
import { expect } from 'vitest';
import type { StockView } from '../../../src/actors/sku/commands.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';

type HoldEvent = Extract<SkuEvent, { holdId: string }>;

interface LedgerHold {
  /** null: of free stock. */
  saleId: string | null;
  readonly buyerId: string;
  readonly ticketNumber: number;
  readonly quantity: number;
  expiresAtMs: number;
  state: 'held' | 'committing' | 'committed' | 'voided' | 'expired';
  resolvedAtMs: number;
  orderId: string | null;
}

const nextStates: Record<LedgerHold['state'], readonly HoldEvent['type'][]> = {
  held: ['HoldAttached', 'HoldVoided', 'HoldExpired'],
  committing: ['HoldCommitted', 'HoldVoided', 'HoldExpired'],
  committed: ['UnitsReturned'],
  voided: [],
  expired: [],
};

export class SkuLedger {
  onHand = 0;
  readonly sales = new Map<string, { quantity: number; limit: number; isOpen: boolean }>();
  readonly holds = new Map<string, LedgerHold>();
  forgottenBeforeMs = 0;

  note(event: SkuEvent): void {
    if (event.type === 'SkuRegistered') this.onHand = event.stock;
    if (event.type === 'StockAdjusted') this.onHand += event.delta;
    if (event.type === 'AllotmentOpened') this.#noteOpened(event);
    if (event.type === 'HoldsForgotten') this.forgottenBeforeMs = event.beforeMs;
    if (event.type === 'AllotmentClosed') this.sales.get(event.saleId)!.isOpen = false;
    if ('holdId' in event) this.#noteHold(event);
  }

  #noteOpened({
    saleId,
    quantity,
    purchaseLimit,
    atMs,
  }: Extract<SkuEvent, { type: 'AllotmentOpened' }>): void {
    const known = this.sales.get(saleId);
    if (known !== undefined) {
      // The id of a sale that was forgotten: what was sold in it stays sold, under another name.
      expect(known.isOpen).toBe(false);
      const formerId = `${saleId} until ${atMs}`;
      this.sales.set(formerId, known);
      for (const hold of this.holds.values()) if (hold.saleId === saleId) hold.saleId = formerId;
    }
    this.sales.set(saleId, { quantity, limit: purchaseLimit, isOpen: true });
  }

  #noteHold(event: HoldEvent): void {
    const { holdId } = event;
    if (event.type === 'HoldPlaced' || event.type === 'StockTaken') {
      const known = this.holds.get(holdId);
      if (known !== undefined) {
        // Only the id of a forgotten hold can be used anew.
        expect(nextStates[known.state]).not.toContain('HoldExpired');
        expect(known.resolvedAtMs).toBeLessThan(this.forgottenBeforeMs);
        this.holds.set(`${holdId} until ${event.atMs}`, known);
      }
      const { buyerId, quantity, expiresAtMs, orderId } = event;
      const [saleId, ticketNumber] =
        event.type === 'StockTaken' ? [null, 0] : [event.saleId, event.ticketNumber];
      const state = orderId === undefined ? 'held' : 'committing';
      this.holds.set(holdId, {
        saleId,
        buyerId,
        ticketNumber,
        quantity,
        expiresAtMs,
        state,
        resolvedAtMs: 0,
        orderId: orderId ?? null,
      });
      return;
    }
    const hold = this.holds.get(holdId)!;
    expect(nextStates[hold.state]).toContain(event.type);
    if (event.type === 'HoldAttached') {
      hold.state = 'committing';
      hold.orderId = event.orderId;
      hold.expiresAtMs = event.expiresAtMs;
      return;
    }
    // Nothing is committed after its time, and nothing expires before it.
    if (event.type === 'HoldCommitted') expect(event.atMs).toBeLessThan(hold.expiresAtMs);
    if (event.type === 'HoldExpired') expect(event.atMs).toBeGreaterThanOrEqual(hold.expiresAtMs);
    expect(event.quantity).toBe(hold.quantity);
    hold.resolvedAtMs = event.atMs;
    const ends = { HoldCommitted: 'committed', HoldExpired: 'expired' } as const;
    hold.state = event.type in ends ? ends[event.type as keyof typeof ends] : 'voided';
  }

  live(): LedgerHold[] {
    return [...this.holds.values()].filter(({ state }) => state === 'held' || state === 'committing');
  }

  /** `saleId` null: of all. */
  units(states: readonly LedgerHold['state'][], saleId: string | null, ticketNumber?: number): number {
    let units = 0;
    for (const hold of this.holds.values()) {
      const isMeant =
        states.includes(hold.state) &&
        (saleId === null || hold.saleId === saleId) &&
        (ticketNumber === undefined || hold.ticketNumber === ticketNumber);
      if (isMeant) units += hold.quantity;
    }
    return units;
  }

  /** Units that count towards the buyer's limit. */
  owned(saleId: string, buyerId: string): number {
    let units = 0;
    for (const hold of this.holds.values()) {
      const isEnded = hold.state === 'voided' || hold.state === 'expired';
      if (hold.saleId === saleId && hold.buyerId === buyerId && !isEnded) units += hold.quantity;
    }
    return units;
  }

  free(saleId: string): number {
    const sale = this.sales.get(saleId)!;
    return sale.isOpen ? sale.quantity - this.units(['held', 'committing', 'committed'], saleId) : 0;
  }

  /** Every unit is in exactly one place, no sale gives more than it has, no buyer has more than allowed. */
  check(view: StockView): void {
    const held = this.units(['held', 'committing'], null);
    const sold = this.units(['committed'], null);
    let allotted = 0;
    for (const saleId of this.sales.keys()) {
      expect(this.free(saleId)).toBeGreaterThanOrEqual(0);
      allotted += this.free(saleId);
    }
    expect(view).toMatchObject({ onHand: this.onHand, held, sold, allotted });
    expect(view.available).toBe(this.onHand - held - sold - allotted);
    expect(view.available).toBeGreaterThanOrEqual(0);
    for (const { saleId, buyerId } of this.holds.values())
      if (saleId !== null)
        expect(this.owned(saleId, buyerId)).toBeLessThanOrEqual(this.sales.get(saleId)!.limit);
  }
}
