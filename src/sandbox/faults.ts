/** What the sandbox can be told to do wrong. Chances are 0 to 1 per call or per event. */

export interface Faults {
  /** Every call waits so long before it acts. */
  readonly delayMs: number;
  /** Chance that a call fails with `failStatus` before it does anything. */
  readonly failRate: number;
  readonly failStatus: number;
  /** Chance that a call is done and its answer never sent. */
  readonly dropAnswerRate: number;
  /** Chance that a refund succeeds and fails a second later. */
  readonly refundFails: number;
  /** Chance that a refund is pending for two seconds before it succeeds. */
  readonly refundPending: number;
  /** Chance that a call is done and answered with an object that is empty. */
  readonly oddBody: number;
  /** Chance that an authorisation is answered with another amount than it is of. */
  readonly wrongAmount: number;
  /** Every event is sent so many extra times. */
  readonly webhookRepeat: number;
  /** Chance that an event is held back and overtaken by later ones. */
  readonly webhookReorder: number;
  /** Chance that an event is never sent. */
  readonly webhookDrop: number;
}

/** The faults of the moment, shared by all who act on them. */
export interface FaultSwitch {
  current: Faults;
}

export const noFaults: Faults = {
  delayMs: 0,
  failRate: 0,
  failStatus: 500,
  dropAnswerRate: 0,
  refundFails: 0,
  refundPending: 0,
  oddBody: 0,
  wrongAmount: 0,
  webhookRepeat: 0,
  webhookReorder: 0,
  webhookDrop: 0,
};

const maxima: Readonly<Record<keyof Faults, number>> = {
  delayMs: 60_000,
  failRate: 1,
  failStatus: 599,
  dropAnswerRate: 1,
  refundFails: 1,
  refundPending: 1,
  oddBody: 1,
  wrongAmount: 1,
  webhookRepeat: 20,
  webhookReorder: 1,
  webhookDrop: 1,
};
const maxByName: ReadonlyMap<string, number> = new Map(Object.entries(maxima));

/** The faults after a command, or what is wrong with the command. Names left out keep their value. */
export function changeFaults(faults: Faults, command: unknown): Faults | string {
  if (typeof command !== 'object' || command === null || Array.isArray(command))
    return 'a JSON object is expected';
  for (const [name, value] of Object.entries(command)) {
    const max = maxByName.get(name);
    if (max === undefined) return `unknown fault "${name}": ${[...maxByName.keys()].join(', ')}`;
    const min = name === 'failStatus' ? 400 : 0;
    if (
      typeof value !== 'number' ||
      !(value >= min && value <= max) ||
      (max !== 1 && !Number.isInteger(value))
    )
      return `${name} must be a number from ${min} to ${max}`;
  }
  return { ...faults, ...command };
}
