/**
 * One drop on the page: what is known of it (`state`), kept up to date by the live connection, or by asking when that
 * fails, and what a buyer can do. Everything that is heard goes through `reduce`.
 */
import { computed, effect, type ReadonlySignal, signal, untracked } from '@preact/signals';
import { ApiError, get } from '../../api.ts';
import { serverNow } from '../../clock.ts';
import { connection, type Frame, type Listener, listen, resubscribe } from '../../live.ts';
import { session } from '../../session.ts';
import { Buying } from './buying.ts';
import type { Desk } from './desk.ts';
import { draft, keepDraft } from './draft.ts';
import { KeptPlace } from './kept.ts';
import { Ordering } from './ordering.ts';
import {
  aheadOf,
  type DropState,
  type Hold,
  isLive,
  isRestless,
  type News,
  type Order,
  reduce,
  type Sale,
  type Screen,
  type Serving,
  screenOf,
  type Ticket,
  unknownDrop,
} from './state.ts';

/** How often a drop is asked for by whoever has no live connection to it; the status line says so. */
const pollMs = 5_000;
/** With one, for what it does not say. */
const rarePollMs = 10_000;
/** The server's own grace, and its answer's way. */
const lateMs = 800;
/** Beyond that the ordinary polling finds it out. */
const overdueMs = 10_000;

export class Drop implements Desk {
  readonly saleId: string;
  readonly screen: ReadonlySignal<Screen>;
  readonly ahead: ReadonlySignal<number>;
  /** Why the drop could not be read; null: it could. */
  readonly error = signal<unknown>(null);
  readonly buying: Buying;
  readonly ordering: Ordering;
  readonly #state = signal<DropState>(unknownDrop);
  /** When the place was last confirmed, by this tab's monotonic clock. */
  readonly confirmedMs = signal(Number.NEGATIVE_INFINITY);
  /** When a ticket was last heard of, by this tab's monotonic clock. */
  #placedMs = Number.NEGATIVE_INFINITY;
  #stops: (() => void)[] = [];
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #deadlineTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listener: Listener;

  constructor(saleId: string) {
    this.saleId = saleId;
    this.screen = computed(() => screenOf(this.#state.value));
    this.ahead = computed(() => aheadOf(this.#state.value));
    this.buying = new Buying(this);
    this.ordering = new Ordering(this);
    this.#listener = {
      topic: () => this.#topic(),
      onFrame: (frame) => this.#onFrame(frame),
      onSubscribed: (status, body) => this.#onSubscribed(status, body),
    };
  }

  get state(): DropState {
    return this.#state.value;
  }

  /** null: nobody yet. */
  get kept(): KeptPlace | null {
    const accountId = session.value?.accountId;
    return accountId === undefined ? null : new KeptPlace(this.saleId, accountId);
  }

  hear(news: News): void {
    this.#state.value = reduce(this.#state.peek(), news);
  }

  start(): void {
    let accountId: string | null | undefined;
    this.#stops = [
      effect(() => {
        const now = session.value?.accountId ?? null;
        if (now === accountId) return;
        const isFirst = accountId === undefined;
        accountId = now;
        untracked(() => this.#onAccount(now, isFirst));
      }),
      effect(() => this.#awaitDeadline()),
      effect(() => {
        if (this.#claim.value !== null) untracked(() => void this.buying.findHolds());
      }),
      listen(this.#listener),
      // Another tab of the same account took something, or paid.
      effect(() => {
        const kept = this.kept?.value;
        if (kept === undefined) return;
        untracked(() => {
          this.buying.resume(kept);
          this.ordering.resume(kept);
        });
      }),
      // The form comes back with the card that was declined still chosen, and says so.
      effect(() => {
        const { notice } = this.state;
        if (notice?.kind === 'declined' && notice.isCard)
          keepDraft({ declinedMethod: draft.peek().paymentMethod });
      }),
      effect(() => {
        if (connection.value === 'polling') untracked(() => void this.#poll());
      }),
    ];
    const onShown = () => {
      if (!document.hidden) void this.#poll();
    };
    document.addEventListener('visibilitychange', onShown);
    this.#stops.push(() => document.removeEventListener('visibilitychange', onShown));
    void this.#poll();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#deadlineTimer);
    this.buying.patience.end();
    this.ordering.patience.end();
    this.#stops = [];
  }

  /** Takes in an answer that is the caller's ticket, or that there is none; `askedMs`: when it was asked for. */
  place(ticket: Ticket | null, askedMs = Number.NEGATIVE_INFINITY): void {
    // There was none when it was asked: by now there is one.
    if (ticket === null && askedMs <= this.#placedMs) return;
    this.confirmedMs.value = performance.now();
    if (ticket !== null) this.#placedMs = this.confirmedMs.value;
    this.hear({ type: 'ticket', ticket });
    const { kept } = this;
    const current = this.#state.peek().ticket;
    if (kept === null || current === null) return;
    if (kept.value.ticketId !== current.ticketId)
      kept.change({ ticketId: current.ticketId, holds: [], turns: 0, turnEnds: null });
    if (current.admission && kept.value.turnEnds !== current.admission.expiresAt)
      kept.change({ turnEnds: current.admission.expiresAt });
    if (current.status === 'completed') void this.ordering.findOrder();
  }

  /** Reads the sale and the place again. */
  async refresh(): Promise<void> {
    await Promise.all([this.#readSale(), this.#readPlace()]);
  }

  async look(): Promise<void> {
    const { order } = this.#state.peek();
    const isUnderway = order !== null && isRestless(order);
    await Promise.all([this.buying.look(), isUnderway ? this.ordering.read(order.orderId) : null]);
  }

  findElsewhere(): void {
    void this.buying.findHolds();
    void this.ordering.findOrder();
  }

  forgetHolds(holdIds: readonly string[]): void {
    const { kept } = this;
    kept?.change({ holds: kept.value.holds.filter(({ holdId }) => !holdIds.includes(holdId)) });
  }

  #topic(): Readonly<Record<string, unknown>> {
    const { ticket } = this.#state.peek();
    const { saleId } = this;
    // One that is over is not asked for by name: the account may have joined again elsewhere.
    return { saleId, ...(ticket && isLive(ticket) ? { ticketId: ticket.ticketId } : {}) };
  }

  #onAccount(accountId: string | null, isFirst: boolean): void {
    if (!isFirst) this.hear({ type: 'stranger' });
    this.#placedMs = Number.NEGATIVE_INFINITY;
    if (accountId === null) this.hear({ type: 'ticket', ticket: null });
    else if (!isFirst) void this.#readPlace();
  }

  async #readSale(): Promise<void> {
    const readSinceMs = performance.now();
    try {
      const sale = await get<Sale>(`/v1/sales/${this.saleId}`);
      this.hear({ type: 'sale', sale, readSinceMs });
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
    }
  }

  async #readPlace(): Promise<void> {
    const accountId = session.value?.accountId;
    if (accountId === undefined) return;
    const askedMs = performance.now();
    let ticket: Ticket | null;
    try {
      ticket = await get<Ticket>(`/v1/sales/${this.saleId}/tickets/mine`);
    } catch (error) {
      // The session may have ended: then the account's effect says so.
      if (!(error instanceof ApiError) || error.status !== 404) return;
      ticket = null;
    }
    if (session.value?.accountId === accountId) this.place(ticket, askedMs);
  }

  #onSubscribed(status: number, body: unknown): void {
    if (status === 200) {
      const { phase, serving, ticket } = body as {
        phase: string;
        serving: Serving | null;
        ticket: Ticket | null;
      };
      this.hear({ type: 'phase', phase, atMs: performance.now() });
      if (serving) this.hear({ type: 'serving', serving, atMs: performance.now() });
      // Asked for a moment ago: one that was taken meanwhile is read.
      if (ticket !== null) this.place(ticket);
      else if (this.#state.peek().ticket === null) this.hear({ type: 'ticket', ticket: null });
      else void this.#readPlace();
    } else if (status === 404) {
      // Not this account's ticket, or none any more: asked for without a name it is known.
      const named = this.#state.peek().ticket;
      if (named === null) return;
      this.hear({ type: 'stranger' });
      resubscribe(this.#listener);
    }
  }

  #onFrame(frame: Frame): void {
    if (frame.saleId !== undefined && frame.saleId !== this.saleId) return;
    switch (frame.type) {
      case 'ticket':
        this.place(frame as unknown as Ticket);
        break;
      case 'queue.serving':
        this.confirmedMs.value = performance.now();
        this.hear({ type: 'serving', serving: frame as unknown as Serving, atMs: performance.now() });
        break;
      case 'sale.phase':
        this.hear({ type: 'phase', phase: String(frame.phase), atMs: performance.now() });
        break;
      case 'stock.level':
        this.hear({ type: 'stock', hasUnits: frame.level !== 'none' });
        break;
      case 'admission.granted':
        this.#onGranted(frame);
        break;
      case 'admission.expired':
        this.hear({ type: 'passed', ticketId: String(frame.ticketId) });
        break;
      case 'hold.expiring':
      case 'hold.expired':
        this.buying.onHold(frame as unknown as Hold);
        break;
      case 'order.updated':
        this.ordering.onOrder(frame as unknown as Order);
        break;
    }
  }

  #onGranted(frame: Frame): void {
    const { ticketId, token, expiresAt } = frame as unknown as {
      ticketId: string;
      token: string;
      expiresAt: string;
    };
    const claimed = frame.claimed === true;
    this.hear({ type: 'granted', ticketId, admission: { token, expiresAt, claimed } as Ticket['admission'] });
    this.kept?.change({ turnEnds: expiresAt });
    // The frame may have come before the ticket that it is about.
    if (this.#state.peek().ticket?.ticketId !== ticketId) void this.#readPlace();
  }

  /** Asks for what no connection tells, more often when there is none. */
  async #poll(): Promise<void> {
    clearTimeout(this.#pollTimer);
    const isLiveNow = connection.value === 'live';
    const { ticket, isPlaceKnown } = this.#state.peek();
    const needsPlace = !isPlaceKnown || (connection.value === 'polling' && ticket !== null);
    await Promise.all([this.#readSale(), needsPlace ? this.#readPlace() : null, this.look()]);
    if (this.#stops.length === 0) return;
    clearTimeout(this.#pollTimer);
    const wanted = this.#state.peek().ticket?.pollAfterSeconds ?? pollMs / 1000;
    const everyMs = isLiveNow ? rarePollMs : Math.min(pollMs, Math.max(1, wanted) * 1000);
    this.#pollTimer = setTimeout(() => this.#poll(), this.#pauseMs(everyMs));
  }

  /** An overloaded server says when to come back. */
  #pauseMs(everyMs: number): number {
    const error = this.error.value;
    const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(everyMs, askedMs) * (0.9 + 0.2 * Math.random());
  }

  /** The turn in which units may be held by another device; null: in none. */
  readonly #claim = computed(() => {
    const { sale, ticket, holds, order } = this.#state.value;
    if (sale === null || ticket?.admission == null || holds.length > 0 || order !== null) return null;
    return `${ticket.ticketId} ${ticket.admission.claimed}`;
  });

  /** Server milliseconds at which something ends or begins by the clock; Infinity: nothing does. */
  readonly #deadline = computed(() => {
    const { sale, phase, ticket, holds } = this.#state.value;
    if (sale === null) return Number.POSITIVE_INFINITY;
    const { prequeueAt, startsAt, endsAt } = sale;
    const times = [...holds.map(({ expiresAt }) => expiresAt), ticket?.admission?.expiresAt];
    if (phase !== 'ended') times.push(endsAt);
    if (phase === 'scheduled' && prequeueAt != null) times.push(prequeueAt);
    if (phase === 'scheduled' || phase === 'prequeue') times.push(startsAt);
    return Math.min(...times.filter((time) => time != null).map((time) => Date.parse(time)));
  });

  /** What ends by the clock is asked about when its time has come: the frame that says so may be lost. */
  #awaitDeadline(): void {
    const atMs = this.#deadline.value;
    clearTimeout(this.#deadlineTimer);
    // Not everybody at the same moment.
    const ms = atMs + lateMs * (0.5 + Math.random()) - serverNow();
    if (ms < 2 ** 31) this.#deadlineTimer = setTimeout(() => this.#onDeadline(), Math.max(0, ms));
  }

  async #onDeadline(): Promise<void> {
    await Promise.all([this.refresh(), this.look()]);
    const lateByMs = serverNow() - this.#deadline.peek();
    // Still not over by what the server says: a little later it is.
    if (this.#stops.length > 0 && lateByMs > 0 && lateByMs < overdueMs)
      this.#deadlineTimer = setTimeout(() => this.#onDeadline(), 1_000);
  }
}
