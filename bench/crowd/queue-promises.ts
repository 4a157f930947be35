/** The promises of the waiting room: one ticket each, its number for good, and everybody in turn. */
import type { Evidence, Verdict } from './evidence.ts';

export function oneTicketPerBuyer({ tickets }: Evidence): Verdict {
  const duplicates = (values: readonly unknown[]) => values.length - new Set(values).size;
  const sharedIds = duplicates(tickets.map(({ ticketId }) => ticketId));
  const sharedNumbers = duplicates(tickets.map(({ ticketNumber }) => ticketNumber));
  const secondTickets = duplicates(tickets.map(({ buyer }) => buyer));
  return {
    name: 'one ticket per buyer, one buyer per ticket',
    isKept: sharedIds + sharedNumbers + secondTickets === 0,
    detail: `${tickets.length} tickets, ${sharedIds} ids and ${sharedNumbers} numbers given twice, ${secondTickets} buyers with two`,
  };
}

export function numbersUnchanged({ tickets }: Evidence): Verdict {
  let lost = 0;
  let changed = 0;
  for (const { ticketNumber, changes, reread } of tickets) {
    if (typeof reread !== 'object') lost++;
    else if (changes > 0 || reread.ticketNumber !== ticketNumber) changed++;
  }
  return {
    name: 'a ticket keeps its number',
    isKept: lost + changed === 0,
    detail: `${tickets.length} tickets, ${changed} changed, ${lost} lost`,
  };
}

/**
 * Admissions on equal terms end in the order in which they began, so going up the ticket numbers their ends must never
 * go back (equal ends are one release). A ticket that still waits must have a higher number than every admitted one.
 */
export function placesHonoured({ tickets, servingWentBack }: Evidence): Verdict {
  const inOrder = [...tickets].sort((a, b) => a.ticketNumber - b.ticketNumber);
  const lastAdmitted = inOrder.findLast(({ admissionExpiresAtMs }) => admissionExpiresAtMs !== null);
  let admitted = 0;
  let overtaken = 0;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const ticket of inOrder) {
    const { admissionExpiresAtMs, reread, wasPassedOver, ticketNumber } = ticket;
    const stillWaits = typeof reread === 'object' && reread.status === 'waiting';
    if (wasPassedOver || (stillWaits && ticketNumber < (lastAdmitted?.ticketNumber ?? 0))) overtaken++;
    if (admissionExpiresAtMs === null) continue;
    admitted++;
    if (admissionExpiresAtMs < latestMs) overtaken++;
    latestMs = Math.max(latestMs, admissionExpiresAtMs);
  }
  return {
    name: 'admissions follow the ticket numbers',
    isKept: overtaken === 0 && servingWentBack === 0,
    detail: `${admitted} admissions seen, ${overtaken} out of turn, nowServing went back ${servingWentBack} times`,
  };
}
