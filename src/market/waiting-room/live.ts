/**
 * The waiting room on the live socket: tickets, admissions and holds for the buyer whom they are about, and one
 * channel a sale.
 */
import type { TicketView } from '../../actors/sale/commands.ts';
import type { HoldView } from '../../actors/sku/commands.ts';
import { frameOf, type LiveFeature } from '../../gateway/live/feature.ts';
import { admissionsOf } from './admission.ts';
import { SaleChannels } from './sale-channels.ts';
import { admissionJson, holdJson, ticketJson } from './views.ts';

export const live: LiveFeature = (host) => {
  const admissions = admissionsOf(host.services);
  const channel = new SaleChannels(host);
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
};
