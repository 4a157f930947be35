/**
 * Tells the live view of a ticket that its buyer was just answered with: whoever watches a sale before joining it is
 * followed from the join on, and not from the next look at those without a ticket.
 */
import type { TicketView } from '../../actors/sale/commands.ts';
import { perGateway } from '../../gateway/route.ts';

/** `hear` does nothing until the live socket's feature is made. */
export const toldTicketsOf = perGateway(() => ({ hear: (_ticket: TicketView): void => {} }));
