/** What charts draw: figures of the last quarter of an hour, one column of times and one a line, and what happened. */
import { signal } from '@preact/signals';

interface Happening {
  readonly atMs: number;
  readonly text: string;
}

const spanMs = 15 * 60_000;
/** A longer silence is a gap in the line. */
const gapMs = 5_000;
const happeningsMax = 20;
const fallSecondsMin = 10;

export class History {
  /** Seconds since 1970. */
  readonly times: number[] = [];
  readonly lines: readonly (number | null)[][];
  readonly happenings: Happening[] = [];
  /** Another number when something has come. */
  readonly revision = signal(0);

  constructor(lineCount: number) {
    this.lines = Array.from({ length: lineCount }, () => []);
  }

  add(atMs: number, values: readonly (number | null)[]): void {
    const lastMs = (this.times.at(-1) ?? Number.NEGATIVE_INFINITY) * 1000;
    if (atMs <= lastMs) return;
    if (Number.isFinite(lastMs) && atMs - lastMs > gapMs)
      this.#append(
        lastMs + 1,
        this.lines.map(() => null),
      );
    this.#append(atMs, values);
    const from = this.times.findIndex((seconds) => seconds * 1000 >= atMs - spanMs);
    for (const column of [this.times, ...this.lines]) column.splice(0, from);
    this.revision.value++;
  }

  #append(atMs: number, values: readonly (number | null)[]): void {
    this.times.push(atMs / 1000);
    for (const [index, line] of this.lines.entries()) line.push(values[index] ?? null);
  }

  happened(atMs: number, text: string): void {
    this.happenings.push({ atMs, text });
    if (this.happenings.length > happeningsMax) this.happenings.shift();
    this.revision.value++;
  }

  /** How fast it fell over so many seconds, or as many as are known; null: too few, or a gap among them. */
  fallPerSecond(line: number, seconds: number): number | null {
    const last = this.times.length - 1;
    const first = this.times.findIndex((at) => at >= (this.times[last] ?? 0) - seconds);
    const [from, to] = [this.lines[line]?.[first], this.lines[line]?.[last]];
    const passed = (this.times[last] ?? 0) - (this.times[first] ?? 0);
    return from == null || to == null || passed < fallSecondsMin ? null : (from - to) / passed;
  }

  last(line: number): number | null {
    return this.lines[line]?.at(-1) ?? null;
  }
}

const kept = new Map<string, History>();
const keptMax = 12;

/** The same one for as long as the tab lives, so that whoever comes back finds the line drawn. */
export function historyOf(name: string, lineCount: number): History {
  const known = kept.get(name);
  if (known) return known;
  const made = new History(lineCount);
  kept.set(name, made);
  if (kept.size > keptMax) kept.delete(kept.keys().next().value!);
  return made;
}
