/**
 * The line of a sale as it stands, and what follows from it for whoever has so many people ahead. Estimates only: no
 * decision reads them. It has no state, so that also whoever is answered for a group of tickets can work out each.
 */
export type Outlook = 'likely' | 'uncertain' | 'unlikely' | 'sold_out';

/** Whom the units of a sale are for. */
export interface Takers {
  /** Nothing is for sale any more. */
  readonly isOver: boolean;
  /** Admitted now. */
  readonly admitted: number;
  /** That could still be sold: free, or held by somebody who may not pay. */
  readonly units: number;
}

export interface Line extends Takers {
  /** Seconds until it begins to move. */
  readonly startsInSeconds: number;
  readonly perSecond: number;
  /** Whether it moves with time alone. */
  readonly isMoving: boolean;
  readonly pollSecondsMax: number;
}

export interface Place {
  readonly usersAhead: number;
  readonly waitTimeSeconds: number;
  readonly waitTimeKnown: boolean;
  readonly outlook: Outlook;
  readonly pollAfterSeconds: number;
}

/**
 * The chance of whoever has `ahead` people in front, counting those admitted now. `likely`: there is a unit for each
 * of them; `uncertain`: only if a third of them does not buy.
 */
export function outlookFor({ isOver, admitted, units }: Takers, ahead: number): Outlook {
  if (isOver) return 'sold_out';
  const takers = ahead + admitted;
  if (takers < units) return 'likely';
  return takers < units * 1.5 ? 'uncertain' : 'unlikely';
}

/** Of who waits: seconds until this ticket's turn are people ahead over the rate. */
export function placeIn(line: Line, usersAhead: number): Place {
  const waitTimeSeconds = Math.ceil(line.startsInSeconds + (usersAhead + 1) / line.perSecond);
  return {
    usersAhead,
    waitTimeSeconds,
    waitTimeKnown: line.isMoving,
    outlook: outlookFor(line, usersAhead),
    pollAfterSeconds: pollAfter(line, waitTimeSeconds),
  };
}

/** Of who does not wait. */
export function noPlaceIn(line: Line): Place {
  return {
    ...{ usersAhead: 0, waitTimeSeconds: 0, waitTimeKnown: true },
    outlook: outlookFor(line, 0),
    pollAfterSeconds: pollAfter(line, 0),
  };
}

/** A fifth of the wait; never so long that whoever polls could sleep through the time to claim an admission. */
function pollAfter({ pollSecondsMax }: Line, waitTimeSeconds: number): number {
  return Math.max(1, Math.floor(Math.min(pollSecondsMax, waitTimeSeconds / 5)));
}
