/**
 * How a drop will go, by the rules that the waiting room has: at most so many people a second, so many inside at once,
 * and never more inside than units are left. People are a fluid here, not persons.
 */

/** Said as assumed wherever it is shown. */
const shareWhoBuy = 0.9;
const secondsToPay = 60;
/** Who takes no unit by then is out again; the server's default. */
const claimSecondsMax = 60;
const stepsMax = 4_000;
const stepSecondsMin = 0.25;

interface Pace {
  readonly units: number;
  readonly releasePerSecond: number;
  readonly activeLimit: number;
  readonly admissionSeconds: number;
}

export interface Forecast {
  /** After the start, until the last unit is somebody's. */
  readonly lastUnitSeconds: number;
  /** Let in by then. */
  readonly people: number;
  readonly peoplePerSecond: number;
  /** The same once the active limit is reached; not more than before. */
  readonly peoplePerSecondLater: number;
  /** Units that are nobody's yet, by seconds after the start. */
  readonly curve: readonly (readonly [seconds: number, units: number])[];
}

export function forecast({ units, releasePerSecond, activeLimit, admissionSeconds }: Pace): Forecast {
  const claimSeconds = Math.min(claimSecondsMax, admissionSeconds);
  const stay = shareWhoBuy * Math.min(secondsToPay, admissionSeconds) + (1 - shareWhoBuy) * claimSeconds;
  const sustained = Math.min(releasePerSecond, activeLimit / stay);
  // Each round of those who buy nothing leaves a tenth of the units to the next round.
  const rounds = Math.ceil(Math.log(2 * units) / -Math.log(1 - shareWhoBuy));
  const atMost = units / shareWhoBuy / sustained + rounds * claimSeconds;
  const step = Math.max(stepSecondsMin, atMost / stepsMax);
  const paying = new Delay(secondsToPay / step);
  const idle = new Delay(claimSeconds / step);
  let [left, people, seconds] = [units, 0, 0];
  const curve: [number, number][] = [[0, units]];
  while (left >= 0.5 && seconds < 2 * atMost + step) {
    const free = Math.min(activeLimit - paying.inside - idle.inside, left - idle.inside);
    const entering = Math.max(0, Math.min(releasePerSecond * step, free));
    left -= entering * shareWhoBuy;
    people += entering;
    seconds += step;
    paying.move(entering * shareWhoBuy);
    idle.move(entering * (1 - shareWhoBuy));
    curve.push([seconds, Math.max(0, left)]);
  }
  return {
    lastUnitSeconds: seconds,
    people,
    peoplePerSecond: Math.min(releasePerSecond, activeLimit, units),
    peoplePerSecondLater: sustained,
    curve,
  };
}

/** Units that nobody has after so many seconds. */
export function leftAfter({ curve }: Forecast, seconds: number): number {
  return curve.findLast(([at]) => at <= seconds)?.[1] ?? curve[0]![1];
}

/** What goes in comes out a number of steps later. */
class Delay {
  inside = 0;
  readonly #steps: number[];
  #next = 0;

  constructor(steps: number) {
    this.#steps = new Array<number>(Math.max(1, Math.round(steps))).fill(0);
  }

  move(entering: number): void {
    this.inside += entering - this.#steps[this.#next]!;
    this.#steps[this.#next] = entering;
    this.#next = (this.#next + 1) % this.#steps.length;
  }
}
