/** Everybody outside: what they know, and how they ask: again with the same ids while they get no answer. */

import type { CreateSale, TicketView } from '../../src/actors/sale/commands.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { Cluster } from './cluster.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface Buyer {
  readonly id: string;
  readonly ticketBySale: Map<string, TicketView>;
  readonly holdIds: string[];
  readonly orderIds: string[];
  joinIds: string[];
}

export class Clients {
  readonly ledger: Ledger;
  readonly buyers: Buyer[];
  readonly skus: string[] = [];
  readonly sales = new Map<string, CreateSale>();
  readonly endedSales = new Set<string>();
  /** Requests that still wait for an answer or a retry. */
  open = 0;
  isPatient = false;
  /** What a buyer does with the news. */
  onTicket: (buyer: Buyer, view: TicketView) => void = () => {};
  onHold: (buyer: Buyer, holdId: string) => void = () => {};
  protected readonly world: World;
  protected readonly random: Random;
  readonly #cluster: Cluster;

  constructor(world: World, cluster: Cluster, buyerCount: number) {
    this.world = world;
    this.#cluster = cluster;
    this.random = world.random('shop');
    this.ledger = new Ledger(world);
    this.buyers = Array.from({ length: buyerCount }, () => ({
      id: `acc_${this.random.uuid()}`,
      ticketBySale: new Map(),
      holdIds: [],
      orderIds: [],
      joinIds: [],
    }));
  }

  /** Asks, again while it is busy, with the same ids; who gives up never learns the outcome. */
  call(kind: string, key: string, command: AnyCommand, then: (code: Code, body: unknown) => void): void {
    let left = this.isPatient ? 1_000 : this.random.int(1, 6);
    this.open++;
    const ask = () => {
      this.#cluster.ask(kind, key, command, (code, body) => {
        // What a bug answers says nothing either.
        const isOpen = code === 'busy' || code === 'internal_error';
        if (isOpen && --left > 0) {
          this.world.loop.after(this.random.int(100, 1_500), null, ask);
          return;
        }
        this.open--;
        this.world.trace(() => `${kind}/${key} ${JSON.stringify(command)} -> ${code}`);
        this.world.count(`${command.type} ${code}`);
        if (!isOpen) then(code, body);
      });
    };
    ask();
  }
}
