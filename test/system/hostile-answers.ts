/** Who is attacked, and the ledger of an attack: what was sent, by kind, and how it was answered. */
import type { Drop, Person } from './shop.ts';

export interface Victim {
  readonly port: number;
  readonly drop: Drop;
  readonly buyer: Person;
  /** Other guests: an account has 8 sockets at most. */
  /** Signs out now and then: what a mutation leaves of a sign-out may be one. */
  readonly leaver: Person;
  readonly others: readonly Person[];
}

export class Answers {
  readonly byKind = new Map<string, Map<string, number>>();
  /** Beside the inputs: what was made by mistake, how sockets ended. */
  readonly notes = new Map<string, number>();

  count(kind: string, answer: string | number | null, by = 1): void {
    const answers = this.byKind.get(kind) ?? new Map<string, number>();
    this.byKind.set(kind, answers);
    const name = String(answer ?? 'closed');
    answers.set(name, (answers.get(name) ?? 0) + by);
  }

  note(name: string, by = 1): void {
    this.notes.set(name, (this.notes.get(name) ?? 0) + by);
  }

  get total(): number {
    let total = 0;
    for (const kind of this.byKind.keys()) total += this.of(kind);
    return total;
  }

  of(kind: string): number {
    return [...(this.byKind.get(kind)?.values() ?? [])].reduce((sum, times) => sum + times, 0);
  }

  /** Answers that no input may get: neither a refusal, nor the taking of what a mutation left valid. */
  surprises(): string[] {
    const fine = /^(?:[24]\d\d|503|closed|gone|none|ready|close \d+|error (?!internal_error)\w+)$/;
    const closes = new Set(['1000', '1002', '1005', '1006', '1007', '1009', '4001', '4003', '4009', '4029']);
    const found: string[] = [];
    for (const [kind, answers] of this.byKind)
      for (const [answer, times] of answers) {
        const close = /^close (\d+)$/.exec(answer)?.[1];
        // What is no HTTP/1.1 at all is refused by the parser, with 505.
        const isFine = fine.test(answer) || (answer === '505' && kind.startsWith('heads'));
        if (!isFine || (close !== undefined && !closes.has(close)))
          found.push(`${times} x ${kind}: ${answer}`);
      }
    for (const [name, times] of this.notes) {
      const close = /^live sockets closed with (\d+)$/.exec(name)?.[1];
      if (close !== undefined && !closes.has(close)) found.push(`${times} x ${name}`);
    }
    return found;
  }

  /** Markdown: kind x count x answers. */
  table(): string {
    const lines = ['| kind of input | sent | answers |', '| --- | --- | --- |'];
    for (const [kind, answers] of this.byKind) {
      const shown = [...answers].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} x${times}`);
      lines.push(`| ${kind} | ${this.of(kind)} | ${shown.join(', ')} |`);
    }
    lines.push(`| total | ${this.total} | |`);
    const notes = [...this.notes].map(([name, times]) => `${name}: ${times}`);
    return [...lines, '', ...notes].join('\n');
  }
}

/** Runs `task` so many times, in `width` lanes. */
export async function inLanes(
  times: number,
  width: number,
  task: (n: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async (_, lane) => {
      while (next < times) await task(next++, lane);
    }),
  );
}
