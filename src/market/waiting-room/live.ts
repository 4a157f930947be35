/**
 * The rooms of one gateway: boards by sale, what comes from the engine out to their watchers, and exact places read
 * back for them. A board lives while somebody watches it.
 */
import type { TemplatedApp } from 'uWebSockets.js';
import type {
  ReadTicket,
  ReadTickets,
  SaleView,
  ServingView,
  TicketView,
} from '../../actors/sale/commands.ts';
import { accepted } from '../../gateway/ask.ts';
import { encode } from '../../gateway/live/codec.ts';
import type { LiveSocket } from '../../gateway/live/socket.ts';
import type { GatewayServices } from '../../gateway/route.ts';
import { type SignAdmission, servingJson, ticketJson } from '../../gateway/views.ts';
import type { Push } from '../../protocol/decider.ts';
import {
  addWatcher,
  type Board,
  createBoard,
  isNews,
  isRepeatDue,
  markShown,
  readAllSoon,
  removeWatcher,
  seeServing,
  takeDue,
} from './live-view.ts';

/** Broadcasts go by uWS topics, one per format. */
const topicOf = (saleId: string, isBinary: boolean) =>
  isBinary ? `sale/${saleId}/msgpack` : `sale/${saleId}`;

/** What a subscriber gets: the whole present state. */
export interface RoomState {
  readonly saleId: string;
  readonly phase: string;
  readonly serving: object | null;
  readonly ticket: object | null;
}

export interface Rooms {
  subscribe(socket: LiveSocket, saleId: string, ticketId: string | null): Promise<RoomState>;
  unsubscribe(socket: LiveSocket, saleId: string): void;
  /** A push with topic `sale/<saleId>`. */
  onSalePush(saleId: string, push: Push): void;
  /** A buyer was sent this ticket. */
  onTicketSent(accountId: string, ticket: TicketView): void;
  /** Once a second: repeats broadcasts and starts the reading of exact places. */
  beat(): void;
  readonly size: number;
}

export function createRooms(services: GatewayServices, app: TemplatedApp, sign: SignAdmission): Rooms {
  const { shards, now } = services;
  const boards = new Map<string, Board>();

  function broadcast(saleId: string, frame: object): void {
    for (const isBinary of [false, true]) {
      const topic = topicOf(saleId, isBinary);
      if (app.numSubscribers(topic) > 0) app.publish(topic, encode(frame, isBinary), isBinary);
    }
  }

  function broadcastServing(board: Board): void {
    board.broadcastAtMs = now();
    broadcast(board.saleId, { type: 'queue.serving', ...servingJson(board.serving!) });
  }

  async function boardOf(saleId: string): Promise<Board> {
    const known = boards.get(saleId);
    if (known) return known;
    const sale = accepted<SaleView>(await shards.ask('sale', saleId, { type: 'ReadSale' }));
    // Another subscriber may have opened it meanwhile.
    const board = boards.get(saleId) ?? createBoard(saleId, sale.phase, now());
    // At once, so that it hears of a phase that begins while the ticket is being read.
    boards.set(saleId, board);
    return board;
  }

  async function ticketOf(
    saleId: string,
    buyerId: string,
    ticketId: string | null,
  ): Promise<TicketView | null> {
    const command: ReadTicket = { type: 'ReadTicket', buyerId, ticketId };
    const answer = await shards.ask('sale', saleId, command);
    // Whoever names a ticket wants that one; else the room may be watched without any.
    if (answer.code === 'not_found' && ticketId === null) return null;
    return accepted<TicketView>(answer);
  }

  /** A room that is quiet says nothing by itself: its first numbers come with a ticket. */
  function seeTicket(board: Board, { nowServing, queueLength, outlook, asOfMs }: TicketView): void {
    if (board.serving !== null) return;
    seeServing(board, {
      saleId: board.saleId,
      nowServing,
      queueLength,
      releasedPerSecond: 0,
      outlook,
      asOfMs,
    });
  }

  async function subscribe(socket: LiveSocket, saleId: string, ticketId: string | null): Promise<RoomState> {
    const { accountId } = socket.identity!;
    const found = await boardOf(saleId);
    const ticket = await ticketOf(saleId, accountId, ticketId).finally(() => forget(found));
    const board = boards.get(saleId) ?? found;
    if (ticket) seeTicket(board, ticket);
    if (socket.ws !== null) {
      boards.set(saleId, board);
      const watch = addWatcher(board, accountId, socket, now());
      if (ticket) markShown(watch, ticket, now());
      socket.ws.subscribe(topicOf(saleId, socket.isBinary));
    }
    return {
      saleId,
      phase: board.phase,
      serving: board.serving === null ? null : servingJson(board.serving),
      ticket: ticket === null ? null : ticketJson(ticket, sign),
    };
  }

  /** A board that nobody watches. */
  function forget(board: Board): void {
    if (board.watchByAccount.size === 0 && boards.get(board.saleId) === board) boards.delete(board.saleId);
  }

  function unsubscribe(socket: LiveSocket, saleId: string): void {
    const watch = socket.watches.find(({ board }) => board.saleId === saleId);
    if (!watch) return;
    removeWatcher(watch, socket);
    socket.ws?.unsubscribe(topicOf(saleId, socket.isBinary));
    forget(watch.board);
  }

  function onSalePush(saleId: string, { type, body }: Push): void {
    const board = boards.get(saleId);
    if (!board) return;
    if (type === 'queue.serving') {
      if (seeServing(board, body as ServingView)) broadcastServing(board);
      return;
    }
    if (type === 'sale.phase') {
      board.phase = (body as { phase: Board['phase'] }).phase;
      readAllSoon(board, now());
    }
    broadcast(saleId, { type, ...(body as object) });
  }

  async function readPlaces(board: Board): Promise<void> {
    const buyerIds = takeDue(board, now());
    if (buyerIds.length === 0) return;
    board.isReading = true;
    try {
      const command: ReadTickets = { type: 'ReadTickets', buyerIds };
      const answer = await shards.ask('sale', board.saleId, command);
      if (answer.code !== 'ok') return;
      for (const ticket of (answer.body as { tickets: TicketView[] }).tickets) {
        const watch = board.watchByAccount.get(ticket.buyerId);
        if (!watch) continue;
        const frame = isNews(watch, ticket) ? { type: 'ticket', ...ticketJson(ticket, sign) } : null;
        if (frame === null || watch.sockets.every((socket) => socket.sendPosition(frame)))
          markShown(watch, ticket, now());
      }
    } finally {
      board.isReading = false;
    }
  }

  return {
    subscribe,
    unsubscribe,
    onSalePush,
    onTicketSent(accountId, ticket) {
      const watch = boards.get(ticket.saleId)?.watchByAccount.get(accountId);
      if (watch) markShown(watch, ticket, now());
    },
    beat() {
      for (const board of boards.values()) {
        if (isRepeatDue(board, now())) broadcastServing(board);
        if (!board.isReading) void readPlaces(board);
      }
    },
    get size() {
      return boards.size;
    },
  };
}
