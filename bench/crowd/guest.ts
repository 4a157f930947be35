/** A guest of the crowd: the character, the account and, for some, a live socket. */
import type { Answer, Body, Client } from './client.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import type { LiveHall } from './live.ts';
import type { LiveSocket } from './live-socket.ts';
import type { Histogram, Tally } from './statistics.ts';

/** Drawn once, from the seed. */
export interface Character {
  readonly hasSocket: boolean;
  readonly abandons: 'never' | 'before the hold' | 'after the hold';
  readonly firstCardDeclined: boolean;
  /** After a declined card: try another one, or go home. */
  readonly triesAgain: boolean;
  /** Leaves the queue after so many milliseconds; null: stays. */
  readonly leavesAfterMs: number | null;
  /** Presses the button twice. */
  readonly doubleClicks: boolean;
  readonly favouriteSku: number;
  readonly arrivesAfterMs: number;
  /** Before a hold, and again before a checkout. */
  readonly thinksMs: number;
}

export interface Scene {
  readonly client: Client;
  readonly hall: LiveHall;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly random: () => number;
  readonly timings: {
    readonly guest: Histogram;
    readonly join: Histogram;
    readonly hold: Histogram;
    readonly checkout: Histogram;
  };
  readonly saleId: string;
  readonly skus: readonly string[];
  /** True once nobody who waits can get in any more. */
  readonly isOver: () => boolean;
  /** Somebody else's socket tells the ledger which number is being served, so nobody has to ask for it. */
  readonly isWatched: () => boolean;
}

export interface Guest {
  readonly index: number;
  readonly character: Character;
  readonly accessToken: string;
  live: LiveSocket | null;
  /** The newest view of the ticket, and a way to hear of the next one. */
  view: Body;
  admission: { readonly token: string; readonly expiresAtMs: number } | null;
  onNews: (() => void) | null;
}

/** An answer that the buyer has no plan for: it ends the visit and shows in the report. */
export class Unexpected extends Error {
  constructor(step: string, { status, body }: Answer) {
    super(`${step}: ${status} ${body?.code ?? ''}`.trim());
    this.name = 'Unexpected';
  }
}

/** Called once a guest, before the sale exists. */
export async function enter(scene: Scene, index: number, character: Character): Promise<Guest> {
  const { client, hall, timings } = scene;
  const answer = await client.ask({ method: 'POST', path: '/v1/auth/guest', timing: timings.guest });
  if (answer.status !== 201) throw new Unexpected('guest', answer);
  const guest: Guest = {
    index,
    character,
    accessToken: answer.body.accessToken,
    live: null,
    view: null,
    admission: null,
    onNews: null,
  };
  if (character.hasSocket) guest.live = await hall.open(socketHandlers(scene, guest));
  return guest;
}

function socketHandlers(scene: Scene, guest: Guest) {
  return {
    accessToken: guest.accessToken,
    onTicket: (view: Body) => see(scene, guest, view),
    onAdmission(body: Body) {
      const expiresAtMs = Date.parse(body.expiresAt);
      scene.ledger.seeAdmission(guest.index, expiresAtMs);
      guest.admission = { token: body.token, expiresAtMs };
      guest.onNews?.();
    },
    subscription() {
      const ticket = scene.ledger.ticketOf(guest.index);
      return ticket ? { saleId: scene.saleId, ticketId: ticket.ticketId } : null;
    },
  };
}

/** A view of the buyer's ticket, wherever it came from. */
export function see(scene: Scene, guest: Guest, view: Body): void {
  scene.ledger.seeTicket(guest.index, view);
  guest.view = view;
  if (view.admission)
    guest.admission = { token: view.admission.token, expiresAtMs: Date.parse(view.admission.expiresAt) };
  guest.onNews?.();
}

/** A request of this buyer. */
export function post(guest: Guest, path: string, body: object, timing?: Histogram) {
  const ask = { method: 'POST', path, token: guest.accessToken, body } as const;
  return timing ? { ...ask, timing } : ask;
}
