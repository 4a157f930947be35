/**
 * What a buyer does in a drop: joins, leaves, holds, gives back, pays.
 *
 * 1. Every id is stored before it is sent, and what is stored is sent again, with the same id, until it is answered: a
 *    reload in the middle takes and pays nothing twice.
 * 2. A server that is busy, or does not answer, is asked again by itself; a refusal is shown.
 */
import { signal } from '@preact/signals';
import { ApiError, call, get } from '../../api.ts';
import { ensureSomebody } from '../../auth.ts';
import { derivedUuid, uuid } from '../../uuid.ts';
import type { Desk } from './desk.ts';
import type { Kept } from './kept.ts';
import { Patience, pause } from './patience.ts';
import type { Hold, Ticket } from './state.ts';

export type Refused =
  | { readonly kind: 'address'; readonly limit: number | null }
  | { readonly kind: 'code'; readonly error: ApiError }
  | { readonly kind: 'notOpen' }
  | { readonly kind: 'trouble'; readonly error: unknown };

const holdsPerTurnMax = 50;
const adoptTriesMax = 4;
const adoptPauseMs = 700;

export class Buying {
  readonly #drop: Desk;
  /** Being joined, or left. */
  readonly isJoining = signal(false);
  readonly isHolding = signal(false);
  readonly patience = new Patience();
  readonly refused = signal<Refused | null>(null);
  /** What is being read, so that it is read once at a time. */
  readonly #reading = new Set<string>();
  /** Turns that were searched for holds of other devices. */
  readonly #searched = new Set<string>();

  constructor(drop: Desk) {
    this.#drop = drop;
  }

  // ---------------------------------------------------------------- a place in line

  /** A guest's account is made here, and not before. */
  async join(accessCode?: string): Promise<void> {
    if (this.isJoining.peek()) return;
    this.isJoining.value = true;
    this.refused.value = null;
    try {
      await this.patience.ask(ensureSomebody);
      const kept = this.#drop.kept!;
      const join = kept.value.join ?? { requestId: uuid(), ...(accessCode ? { accessCode } : {}) };
      kept.change({ join });
      const path = `/v1/sales/${this.#drop.saleId}/tickets`;
      const { body } = await this.patience.ask(() => call<Ticket>('POST', path, { body: join }));
      kept.change({ join: null });
      this.#drop.place(body);
    } catch (error) {
      if (this.patience.isOver) return;
      this.#drop.kept?.change({ join: null });
      this.refused.value = refusedBy(error);
      void this.#drop.refresh();
    } finally {
      this.isJoining.value = false;
    }
  }

  async leave(): Promise<void> {
    const { ticket } = this.#drop.state;
    if (ticket === null) return;
    this.isJoining.value = true;
    try {
      const path = `/v1/sales/${ticket.saleId}/tickets/${ticket.ticketId}`;
      this.#drop.place((await this.patience.ask(() => call<Ticket>('DELETE', path))).body);
    } catch (error) {
      this.#notice(error);
      void this.#drop.refresh();
    } finally {
      this.isJoining.value = false;
    }
  }

  // ---------------------------------------------------------------- holds

  async hold(sku: string, quantity: number): Promise<void> {
    const { kept } = this.#drop;
    const { ticket } = this.#drop.state;
    if (kept === null || ticket === null || this.isHolding.peek()) return;
    this.isHolding.value = true;
    this.#drop.hear({ type: 'notice', notice: null });
    try {
      for (let turn = kept.value.turns; turn < holdsPerTurnMax; turn++) {
        const holdId = holdIdOf(ticket, sku, turn);
        kept.change({ holds: [...kept.value.holds, { holdId, sku, quantity }] });
        const hold = await this.#placed({ holdId, sku, quantity });
        // The id may have had its hold before: of another device, or given back.
        if (hold.state !== 'held' && hold.state !== 'committing') {
          this.#drop.forgetHolds([holdId]);
          kept.change({ turns: turn + 1 });
          continue;
        }
        kept.change({ turns: turn + 1 });
        this.#drop.hear({ type: 'hold', hold });
        break;
      }
      // The admission goes on until another time now, with another token.
      void this.#drop.refresh();
    } catch (error) {
      this.#onHoldRefused(error, ticket, sku);
    } finally {
      this.isHolding.value = false;
    }
  }

  async #placed(wanted: { holdId: string; sku: string; quantity: number }): Promise<Hold> {
    const path = `/v1/sales/${this.#drop.saleId}/holds`;
    const send = () => {
      const token = this.#drop.state.ticket?.admission?.token ?? '';
      return call<Hold>('POST', path, { body: wanted, headers: { 'Admission-Token': token } });
    };
    try {
      return (await this.patience.ask(send)).body;
    } catch (error) {
      // Another device held another number of units with this id.
      if (!(error instanceof ApiError) || error.code !== 'exists_with_different') throw error;
      return get<Hold>(`/v1/holds/${wanted.holdId}`);
    }
  }

  #onHoldRefused(error: unknown, ticket: Ticket, sku: string): void {
    const { kept } = this.#drop;
    if (kept !== null) this.#drop.forgetHolds([holdIdOf(ticket, sku, kept.value.turns)]);
    if (!(error instanceof ApiError)) return;
    const { problem } = error;
    switch (error.code) {
      case 'sold_out':
        this.#drop.hear({ type: 'noneLeft', atMs: performance.now() });
        break;
      case 'insufficient_stock':
        this.#drop.hear({ type: 'notice', notice: { kind: 'few', available: Number(problem.available) } });
        break;
      case 'purchase_limit':
        this.#drop.hear({ type: 'notice', notice: { kind: 'limit', limit: Number(problem.limit) } });
        this.#searched.clear();
        this.#drop.findElsewhere();
        break;
      case 'sale_paused':
        this.#drop.hear({ type: 'notice', notice: { kind: 'holdsPaused' } });
        break;
      case 'admission_expired':
      case 'sale_ended':
        break;
      default:
        this.#notice(error);
    }
    void this.#drop.refresh();
  }

  async release(): Promise<void> {
    this.isHolding.value = true;
    try {
      for (const { holdId } of this.#drop.state.holds) {
        await this.patience.ask(() => call('DELETE', `/v1/holds/${holdId}`));
        this.#drop.forgetHolds([holdId]);
        this.#drop.hear({ type: 'holdOver', holdId });
      }
    } catch (error) {
      this.#notice(error);
      await this.look();
    } finally {
      this.isHolding.value = false;
    }
    void this.#drop.refresh();
  }

  onHold(hold: Hold): void {
    if (hold.saleId !== this.#drop.saleId) return;
    const isKnown = this.#drop.state.holds.some(({ holdId }) => holdId === hold.holdId);
    if (hold.state === 'expired') this.#drop.forgetHolds([hold.holdId]);
    // What another tab or device holds is this account's, too.
    if (isKnown || hold.state === 'held') this.#drop.hear({ type: 'hold', hold });
    if (hold.state === 'expired') void this.#drop.refresh();
  }

  async #readHold(holdId: string): Promise<Hold | null> {
    try {
      const hold = await get<Hold>(`/v1/holds/${holdId}`);
      this.#drop.hear({ type: 'hold', hold });
      if (hold.state !== 'held' && hold.state !== 'committing') this.#drop.forgetHolds([holdId]);
      return hold;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.#drop.hear({ type: 'holdUnknown', holdId });
      return null;
    }
  }

  /** One that was asked for by this page before it was loaded again, or by another tab: it may be on its way. */
  async #adopt(holdId: string): Promise<void> {
    for (let tries = 0; tries < adoptTriesMax; tries++) {
      if ((await this.#readHold(holdId)) !== null || this.patience.isOver) return;
      await pause(adoptPauseMs);
    }
    if (!this.isHolding.peek()) this.#drop.forgetHolds([holdId]);
  }

  /** Holds that another device of the account placed in this turn: their ids follow from the ticket. */
  async findHolds(): Promise<void> {
    const { ticket, sale, holds, order } = this.#drop.state;
    const { kept } = this.#drop;
    if (ticket?.admission == null || sale === null || kept === null || holds.length > 0 || order !== null)
      return;
    // Nobody has held anything in this turn.
    if ((ticket.admission as { claimed?: boolean }).claimed === false) return;
    const search = `${ticket.ticketId} ${kept.value.turns}`;
    if (this.#searched.has(search) || this.isHolding.peek()) return;
    this.#searched.add(search);
    for (const { sku } of sale.items.slice(0, 10)) {
      for (let turn = Math.max(0, kept.value.turns - 1); turn < holdsPerTurnMax; turn++) {
        const hold = await this.#readHold(holdIdOf(ticket, sku, turn));
        if (hold === null) break;
        if (turn >= kept.value.turns) kept.change({ turns: turn + 1 });
      }
    }
  }

  /** Goes on with whatever was stored and is not answered: of this tab, of one that was reloaded, of another one. */
  resume({ join, holds }: Kept): void {
    if (join !== null && !this.isJoining.peek() && this.#drop.state.ticket === null) void this.join();
    for (const { holdId } of holds) {
      const isKnown = this.#drop.state.holds.some((hold) => hold.holdId === holdId);
      if (isKnown || this.#reading.has(holdId) || this.isHolding.peek()) continue;
      this.#reading.add(holdId);
      void this.#adopt(holdId).finally(() => this.#reading.delete(holdId));
    }
  }

  /** Reads again what is held. */
  async look(): Promise<void> {
    await Promise.all(this.#drop.state.holds.map(({ holdId }) => this.#readHold(holdId)));
  }

  #notice(error: unknown): void {
    if (!this.patience.isOver) this.#drop.hear({ type: 'notice', notice: { kind: 'trouble', error } });
  }
}

function holdIdOf(ticket: Ticket, sku: string, turn: number): string {
  return derivedUuid(ticket.ticketId, `${sku} ${turn}`);
}

function refusedBy(error: unknown): Refused {
  if (!(error instanceof ApiError)) return { kind: 'trouble', error };
  if (error.code === 'address_limit') return { kind: 'address', limit: Number(error.problem.limit) || null };
  if (error.code === 'sale_not_open') return { kind: 'notOpen' };
  const isCode = error.code.startsWith('invite') || error.code.startsWith('access_code');
  return isCode ? { kind: 'code', error } : { kind: 'trouble', error };
}
