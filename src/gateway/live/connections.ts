/**
 * Who is connected to this gateway: in all, per account, and those who have not shown a token yet; and per address
 * over all gateways.
 * Counts change in one place each, at a socket's opening, its authentication and its close.
 */

import type { SocketLimit } from '../address-limit.ts';
import { closeCodes, type LiveSocket } from './socket.ts';

const socketsPerAccountMax = 8;
const none: readonly LiveSocket[] = [];

export class Connections {
  readonly sockets = new Set<LiveSocket>();
  /** Those without a good token yet, oldest first. */
  readonly unauthenticated = new Set<LiveSocket>();
  /** Requests over all sockets that have no reply yet. */
  openRequests = 0;
  readonly #socketsByAccount = new Map<string, readonly LiveSocket[]>();
  readonly #limit: SocketLimit;

  constructor(limit: SocketLimit) {
    this.#limit = limit;
  }

  enter(socket: LiveSocket): void {
    this.sockets.add(socket);
    this.unauthenticated.add(socket);
    this.#limit.add(socket.client, 1);
  }

  /** The socket belongs to this account from now on. An account may have several devices; beyond the bound its oldest socket is closed. */
  admit(socket: LiveSocket, accountId: string): void {
    this.unauthenticated.delete(socket);
    const own = this.ofAccount(accountId);
    this.#socketsByAccount.set(accountId, [...own, socket]);
    if (own.length >= socketsPerAccountMax)
      own[0]!.end(closeCodes.replaced, 'replaced by a newer connection');
  }

  leave(socket: LiveSocket): void {
    this.sockets.delete(socket);
    this.unauthenticated.delete(socket);
    this.#limit.add(socket.client, -1);
    if (socket.identity === null) return;
    const { accountId } = socket.identity;
    const others = this.ofAccount(accountId).filter((other) => other !== socket);
    if (others.length > 0) this.#socketsByAccount.set(accountId, others);
    else this.#socketsByAccount.delete(accountId);
  }

  /** Never changed in place: safe to walk while sockets close. */
  ofAccount(accountId: string): readonly LiveSocket[] {
    return this.#socketsByAccount.get(accountId) ?? none;
  }
}
