/** Values of a program's flags: each is checked once, what is wrong with them is collected, one clear line each. */

export class BadFlags extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'BadFlags';
    this.problems = problems;
  }
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Any number between; else whole ones only. */
  readonly isShare?: boolean;
}

export class FlagValues {
  readonly problems: string[] = [];
  readonly #values: Readonly<Record<string, unknown>>;

  /** As `parseArgs` has read them. */
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | null {
    const value = this.#values[name];
    return typeof value === 'string' ? value : null;
  }

  number(name: string, fallback: number, { min, max, isShare = false }: Range): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= min && value <= max && (isShare || Number.isInteger(value))) return value;
    const kind = isShare ? 'number' : 'whole number';
    this.problems.push(`--${name} must be a ${kind} from ${min} to ${max}, not "${text}"`);
    return fallback;
  }

  origin(name: string, fallback: string): string {
    const text = this.text(name) ?? fallback;
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).origin;
    this.problems.push(`--${name} must be an http:// or https:// URL, not "${text}"`);
    return fallback;
  }

  /** A file name, `-` for standard output, or null. */
  output(name: string): string | null {
    const text = this.text(name);
    this.check(text !== '', `--${name} needs a file name, or - for standard output`);
    return text;
  }

  check(isRight: boolean, problem: string): void {
    if (!isRight) this.problems.push(problem);
  }

  /** Throws BadFlags when anything was wrong. */
  end(): void {
    if (this.problems.length > 0) throw new BadFlags(this.problems);
  }
}
