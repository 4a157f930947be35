/**
 * The waiting room on the live socket: tickets, admissions and holds for the buyer whom they are about, and one
 * channel a sale.
 */

import Type from 'typebox';
import type { TicketView } from '../../actors/sale/commands.ts';
import type { HoldView } from '../../actors/sku/commands.ts';
import { frameOf, type LiveFeature, type LiveHost, type LivePart } from '../../gateway/live/feature.ts';
import { Id } from '../../gateway/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { Phase } from '../sales/schemas.ts';
import { admissionsOf } from './admission.ts';
import { SaleChannels } from './sale-channels.ts';
import { Admission, Hold, Serving, Ticket } from './schemas.ts';
import { toldTicketsOf } from './told-tickets.ts';
import { admissionJson, holdJson, ticketJson } from './views.ts';

function make(host: LiveHost): LivePart {
  const admissions = admissionsOf(host.services);
  const channel = new SaleChannels(host);
  toldTicketsOf(host.services).hear = (view) => channel.onTicketSent(view.buyerId, view);
  const ticket = frameOf((view: TicketView) => ticketJson(view, admissions));
  const admission = frameOf((view: TicketView) => ({
    saleId: view.saleId,
    ticketId: view.ticketId,
    ...admissionJson(view, admissions),
  }));
  const hold = frameOf((view: HoldView) => holdJson(view));
  return {
    frames: {
      ticket,
      'admission.granted': admission,
      'admission.expired': admission,
      'hold.expiring': hold,
      'hold.expired': hold,
    },
    channel,
    onSent(accountId, { type, body }) {
      if (type === 'ticket' || type.startsWith('admission.'))
        channel.onTicketSent(accountId, body as TicketView);
    },
  };
}

const granted = { saleId: Id('sale'), ticketId: Id('ticket'), ...Admission.properties };

export const live: LiveFeature = {
  subscription: { saleId: Id('sale'), ticketId: Type.Optional(Id('ticket')) },
  sends: {
    'queue.serving': {
      summary: 'How far the queue is: at most ten times a second when it moves, and every 5 s',
      fields: Serving.properties,
    },
    ticket: {
      summary:
        "The account's ticket: on joining, on subscribing, near the front, and when it was counted wrongly",
      fields: Ticket.properties,
    },
    'admission.granted': { summary: 'The turn has come: hold with this token', fields: granted },
    'admission.expired': {
      summary: 'The turn is over',
      fields: { saleId: granted.saleId, ticketId: granted.ticketId },
    },
    'hold.expiring': { summary: 'A hold of the account ends in 30 s or less', fields: Hold.properties },
    'hold.expired': { summary: 'A hold of the account has ended', fields: Hold.properties },
    'sale.phase': { summary: 'A phase of the sale began', fields: { saleId: Id('sale'), phase: Phase } },
    'stock.level': {
      summary: 'How full the stock of one SKU looks',
      fields: { saleId: Id('sale'), sku: Sku, level: Type.Enum(['high', 'low', 'none']) },
    },
  },
  make,
};
