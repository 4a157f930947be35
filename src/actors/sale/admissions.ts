/**
 * Who is admitted now, and until when.
 *
 * 1. `active` holds exactly the tickets whose status is `admitted`.
 * 2. A ticket that holds units keeps its slot until they are sold or given back, whatever its time limit.
 * 3. `endings` has a live entry for each admission that time alone would end: a million of them cost a tick nothing.
 */
import type { Admission, SaleState } from './state.ts';

/** How much later than its time an unclaimed admission is given up: news of a hold may be on its way. */
const claimGraceMs = 1000;

export function heldBy(admission: Admission): number {
  let held = 0;
  for (const [units] of admission.units.values()) held += units;
  return held;
}

export function soldTo(admission: Admission): number {
  let sold = 0;
  for (const [, units] of admission.units.values()) sold += units;
  return sold;
}

type Times = Pick<Admission, 'admittedAtMs' | 'claimByMs' | 'expiresAtMs'>;

/** Takes a slot for the ticket. Also used by restore, with the saved times. */
export function admit(
  state: SaleState,
  serial: number,
  saved: Times & Partial<Pick<Admission, 'isClaimed' | 'units'>>,
): Admission {
  const admission = {
    serial,
    isClaimed: false,
    units: new Map(),
    endsAtMs: Number.POSITIVE_INFINITY,
    ...saved,
  };
  state.active.set(serial, admission);
  awaitEnd(state, admission);
  return admission;
}

/** Until when new holds may be placed: an unclaimed admission ends early, so no token outlives its slot. */
export function admissionEndsAtMs({ isClaimed, expiresAtMs, claimByMs }: Admission): number {
  return isClaimed ? expiresAtMs : claimByMs;
}

/** Works out anew when the admission ends by itself. */
export function awaitEnd({ endings }: SaleState, admission: Admission): void {
  const graceMs = admission.isClaimed ? 0 : claimGraceMs;
  const endsAtMs = heldBy(admission) > 0 ? Number.POSITIVE_INFINITY : admissionEndsAtMs(admission) + graceMs;
  if (endsAtMs === admission.endsAtMs) return;
  admission.endsAtMs = endsAtMs;
  if (endsAtMs < Number.POSITIVE_INFINITY) endings.push(endsAtMs, admission);
  endings.prune();
}

/** The slot is free again. */
export function giveUp({ active, endings }: SaleState, number: number): void {
  const admission = active.get(number);
  if (!admission) return;
  admission.endsAtMs = Number.POSITIVE_INFINITY;
  active.delete(number);
  endings.prune();
}
