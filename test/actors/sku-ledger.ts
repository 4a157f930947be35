/**
 * A second, naive bookkeeping of one SKU, made from its events alone: lists, no counters, every figure counted anew.
 * It knows the rules and throws when an event breaks one: a hold resolves once, only its order returns it.
 */
import { expect } from 'vitest';
import type { StockView } from '../../src/protocol/commands.ts';
import type { SkuEvent } from '../../src/protocol/events.ts';

type HoldEvent = Extract<SkuEvent, { holdId: string }>;

interface LedgerHold {
  readonly saleId: string;
  readonly buyerId: string;
  readonly ticketNumber: number;
  readonly quantity: number;
  expiresAtMs: number;
  state: 'held' | 'committing' | 'committed' | 'voided' | 'expired';
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

  note(event: SkuEvent): void {
    if (event.type === 'SkuRegistered') this.onHand = event.stock;
    if (event.type === 'StockAdjusted') this.onHand += event.delta;
    if (event.type === 'AllotmentOpened') {
      const { quantity, purchaseLimit } = event;
      this.sales.set(event.saleId, { quantity, limit: purchaseLimit, isOpen: true });
    }
    if (event.type === 'AllotmentClosed') this.sales.get(event.saleId)!.isOpen = false;
    if ('holdId' in event) this.#noteHold(event);
  }

  #noteHold(event: HoldEvent): void {
    const { holdId } = event;
    if (event.type === 'HoldPlaced') {
      expect(this.holds.has(holdId)).toBe(false);
      const { saleId, buyerId, ticketNumber, quantity, expiresAtMs, orderId } = event;
      const state = orderId === undefined ? 'held' : 'committing';
      this.holds.set(holdId, { saleId, buyerId, ticketNumber, quantity, expiresAtMs, state });
      return;
    }
    const hold = this.holds.get(holdId)!;
    expect(nextStates[hold.state]).toContain(event.type);
    if (event.type === 'HoldAttached') {
      hold.state = 'committing';
      hold.expiresAtMs = event.expiresAtMs;
      return;
    }
    // Nothing is committed after its time, and nothing expires before it.
    if (event.type === 'HoldCommitted') expect(event.atMs).toBeLessThan(hold.expiresAtMs);
    if (event.type === 'HoldExpired') expect(event.atMs).toBeGreaterThanOrEqual(hold.expiresAtMs);
    expect(event.quantity).toBe(hold.quantity);
    const ends = { HoldCommitted: 'committed', HoldExpired: 'expired' } as const;
    hold.state = event.type in ends ? ends[event.type as keyof typeof ends] : 'voided';
  }

  live(): LedgerHold[] {
    return [...this.holds.values()].filter(({ state }) => state === 'held' || state === 'committing');
  }

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
    expect(view.available).toBe(this.onHand - held - sold);
    expect(view.available).toBeGreaterThanOrEqual(allotted);
    const owned = new Map<string, number>();
    for (const { saleId, buyerId, quantity, state } of this.holds.values()) {
      if (state === 'voided' || state === 'expired') continue;
      const units = (owned.get(`${saleId} ${buyerId}`) ?? 0) + quantity;
      owned.set(`${saleId} ${buyerId}`, units);
      expect(units).toBeLessThanOrEqual(this.sales.get(saleId)!.limit);
    }
  }
}
