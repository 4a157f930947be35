/**
 * One channel a sale on the live socket: what the sale says goes to all its watchers, and their exact places are read
 * back for them. A sale's view lives while somebody watches it.
 */
import { readTicket, readTickets, type ServingView, type TicketView } from '../../actors/sale/commands.ts';
import { accepted, idParam } from '../../gateway/handling.ts';
import { type Frame, textField } from '../../gateway/live/codec.ts';
import type { LiveChannel, LiveHost } from '../../gateway/live/feature.ts';
import type { LiveSocket, Subscription } from '../../gateway/live/socket.ts';
import type { Reply, Services } from '../../gateway/route.ts';
import type { Push } from '../../protocol/decider.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { readShownSale } from '../sales/views.ts';
import { type Admissions, admissionsOf } from './admission.ts';
import {
  addWatcher,
  createView,
  isNews,
  isRepeatDue,
  type LiveView,
  markShown,
  readAllSoon,
  removeWatcher,
  seeServing,
  takeDue,
} from './live-view.ts';
import { servingJson, ticketJson } from './views.ts';

const watchesMax = 20;
/** Of exact places that are read in one second, one after the other. */
const batchesMax = 10;

export class SaleChannels implements LiveChannel {
  readonly field = 'saleId';
  readonly group = 'sale';
  readonly #services: Services;
  readonly #audiences: LiveHost['audiences'];
  readonly #admissions: Admissions;
  readonly #viewBySale = new Map<string, LiveView>();

  constructor({ services, audiences }: LiveHost) {
    this.#services = services;
    this.#audiences = audiences;
    this.#admissions = admissionsOf(services);
  }

  get size(): number {
    return this.#viewBySale.size;
  }

  async subscribe(socket: LiveSocket, fields: Frame): Promise<Reply> {
    const saleId = idParam('sale', textField(fields, 'saleId'));
    this.#checkWatches(socket, saleId);
    const ticketId = fields.ticketId === undefined ? null : idParam('ticket', textField(fields, 'ticketId'));
    const opened = await this.#open(saleId);
    const { accountId } = socket.identity!;
    const ticket = await this.#ticketOf(saleId, accountId, ticketId).finally(() => this.#forget(opened));
    const view = this.#viewBySale.get(saleId) ?? opened;
    if (socket.ws !== null) this.#watch(view, socket, accountId, ticket);
    const body = {
      saleId,
      phase: view.phase,
      serving: servingJson(view.serving),
      ticket: ticket === null ? null : ticketJson(ticket, this.#admissions),
    };
    if (body.ticket !== null) socket.send({ type: 'ticket', ...body.ticket });
    return { status: 200, body };
  }

  unsubscribe(socket: LiveSocket, fields: Frame): Reply {
    const saleId = idParam('sale', textField(fields, 'saleId'));
    const subscription = this.#subscriptionOf(socket, saleId);
    if (subscription) this.leave(socket, subscription);
    return { status: 200, body: { saleId } };
  }

  leave(socket: LiveSocket, subscription: Subscription): void {
    const saleId = subscription.name;
    socket.subscriptions.splice(socket.subscriptions.indexOf(subscription), 1);
    const { group } = subscription;
    if (group !== undefined) {
      socket.part(group);
      this.#audiences.leave(topicOf(saleId), group);
    }
    const view = this.#viewBySale.get(saleId);
    const watch = view?.watchByAccount.get(socket.identity!.accountId);
    if (!view || !watch) return;
    removeWatcher(watch, socket);
    this.#forget(view);
  }

  onPush(saleId: string, { type, body }: Push): void {
    const view = this.#viewBySale.get(saleId);
    if (!view) return;
    if (type === 'queue.serving') {
      if (seeServing(view, body as ServingView)) this.#broadcastServing(view);
      return;
    }
    if (type === 'sale.phase') {
      view.phase = (body as Pick<LiveView, 'phase'>).phase;
      readAllSoon(view, this.#services.now());
    }
    this.#audiences.send(topicOf(saleId), { type, ...(body as object) }, null);
  }

  /** The buyer was sent this ticket. */
  onTicketSent(accountId: string, ticket: TicketView): void {
    const watch = this.#viewBySale.get(ticket.saleId)?.watchByAccount.get(accountId);
    if (watch) markShown(watch, ticket, this.#services.now());
  }

  beat(): void {
    for (const view of this.#viewBySale.values()) {
      if (isRepeatDue(view, this.#services.now())) this.#broadcastServing(view);
      if (!view.isReading) void this.#readPlaces(view);
    }
  }

  #broadcastServing(view: LiveView): void {
    view.broadcastAtMs = this.#services.now();
    const frame = { type: 'queue.serving', ...servingJson(view.serving) };
    this.#audiences.send(topicOf(view.saleId), frame, frame.type);
  }

  async #open(saleId: string): Promise<LiveView> {
    const known = this.#viewBySale.get(saleId);
    // One that ended may have been refused after somebody had begun to watch it.
    if (known && known.phase !== 'ended') return known;
    const sale = await readShownSale(this.#services, saleId);
    // Another subscriber may have opened it meanwhile.
    const view = this.#viewBySale.get(saleId) ?? createView(sale.phase, sale.serving, this.#services.now());
    // At once, so that it hears of a phase that begins while the ticket is being read.
    this.#viewBySale.set(saleId, view);
    return view;
  }

  async #ticketOf(saleId: string, buyerId: string, ticketId: string | null): Promise<TicketView | null> {
    const answer = await this.#services.ask(readTicket, saleId, { buyerId, ticketId });
    // Whoever names a ticket wants that one; else the sale may be watched without any.
    if (answer.code === 'not_found' && ticketId === null) return null;
    return accepted(answer);
  }

  #watch(view: LiveView, socket: LiveSocket, accountId: string, ticket: TicketView | null): void {
    const { saleId } = view;
    const nowMs = this.#services.now();
    this.#viewBySale.set(saleId, view);
    const watch = addWatcher(view, accountId, socket, nowMs);
    if (ticket) markShown(watch, ticket, nowMs);
    if (this.#subscriptionOf(socket, saleId)) return;
    const group = this.#audiences.enter(topicOf(saleId), socket.isBinary);
    socket.subscriptions.push({ name: saleId, channel: this, group });
    socket.join(group);
  }

  #checkWatches(socket: LiveSocket, saleId: string): void {
    const own = socket.subscriptions.filter(({ channel }) => channel === this);
    if (own.length >= watchesMax && !own.some(({ name }) => name === saleId))
      throw new DoorbusterError('rate_limited', `One socket may watch ${watchesMax} sales`);
  }

  #subscriptionOf(socket: LiveSocket, saleId: string): Subscription | undefined {
    return socket.subscriptions.find(({ channel, name }) => channel === this && name === saleId);
  }

  #forget(view: LiveView): void {
    if (view.watchByAccount.size === 0 && this.#viewBySale.get(view.saleId) === view)
      this.#viewBySale.delete(view.saleId);
  }

  async #readPlaces(view: LiveView): Promise<void> {
    view.isReading = true;
    try {
      for (let batches = batchesMax; batches > 0; batches--) {
        const buyerIds = takeDue(view, this.#services.now());
        if (buyerIds.length === 0) return;
        const answer = await this.#services.ask(readTickets, view.saleId, { buyerIds });
        if (answer.code !== 'ok') return;
        for (const ticket of answer.body.tickets) this.#correct(view, ticket);
      }
    } finally {
      view.isReading = false;
    }
  }

  /** Sends the exact place where the client would compute another one. */
  #correct(view: LiveView, ticket: TicketView): void {
    const watch = view.watchByAccount.get(ticket.buyerId);
    if (!watch) return;
    const frame = isNews(watch, ticket) ? { type: 'ticket', ...ticketJson(ticket, this.#admissions) } : null;
    if (frame === null || watch.sockets.every((socket) => socket.sendPosition(frame)))
      markShown(watch, ticket, this.#services.now());
  }
}

const topicOf = (saleId: string) => `sale/${saleId}`;
