/** Results as plain data, as one line a round, and as the table of faults x rounds x result. */
import type { RoundResult } from './round.ts';

export interface FaultRow {
  readonly fault: string;
  readonly rounds: number;
  readonly failedRounds: number;
  readonly acknowledgements: number;
  readonly compared: number;
  readonly losses: number;
  readonly oversold: number;
  readonly doubleCharges: number;
  /** The largest of each figure that rounds noted, or the words with their counts. */
  readonly notes: Readonly<Record<string, number | string>>;
}

export interface Table {
  readonly rows: readonly FaultRow[];
  readonly total: FaultRow & { readonly seconds: number };
}

function rowOf(fault: string, results: readonly RoundResult[]): FaultRow {
  const sum = (value: (result: RoundResult) => number) =>
    results.reduce((total, result) => total + value(result), 0);
  return {
    fault,
    rounds: results.length,
    failedRounds: results.filter(({ problems }) => problems.length > 0).length,
    acknowledgements: sum((result) => result.acknowledgements),
    compared: sum((result) => result.compared),
    losses: sum((result) => result.losses),
    oversold: sum((result) => result.oversold),
    doubleCharges: sum((result) => result.doubleCharges),
    notes: {},
  };
}

function notesOf(results: readonly RoundResult[]): Record<string, number | string> {
  const notes: Record<string, number | string> = {};
  const names = new Set(results.flatMap((result) => Object.keys(result.notes)));
  for (const name of names) {
    const values = results.map((result) => result.notes[name]).filter((value) => value !== undefined);
    if (values.every((value) => typeof value === 'number')) {
      notes[name] = Math.max(...values);
      continue;
    }
    const counts = Map.groupBy(values, String);
    notes[name] = [...counts].map(([word, times]) => `${word} x${times.length}`).join(', ');
  }
  return notes;
}

export function composeTable(results: readonly RoundResult[]): Table {
  const rows = [...Map.groupBy(results, ({ fault }) => fault)].map(([fault, own]) => ({
    ...rowOf(fault, own),
    notes: notesOf(own),
  }));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return { rows, total: { ...rowOf('total', results), seconds } };
}

export function roundLine({ fault, seed, seconds, problems, notes, ...result }: RoundResult): string {
  const figures = Object.entries(notes).map(([name, value]) => `${name} ${value}`);
  const verdict = problems.length === 0 ? 'kept' : 'BROKEN';
  return (
    `${fault.padEnd(26)} seed ${seed}  ${verdict}  ${seconds.toFixed(1)} s  ${result.acknowledgements} acknowledged, ` +
    `${result.losses} lost, ${result.oversold} oversold, ${result.doubleCharges} double  ${figures.join(', ')}`
  );
}

/** Markdown, for the documentation. */
export function tableText({ rows, total }: Table): string {
  const head = [
    '| fault | rounds | kept | acknowledged | compared | lost | oversold | double charges | noted (worst) |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  const line = (row: FaultRow) => {
    const notes = Object.entries(row.notes).map(([name, value]) => `${name} ${value}`);
    const { rounds, failedRounds, acknowledgements, compared, losses, oversold, doubleCharges } = row;
    return `| ${[row.fault, rounds, rounds - failedRounds, acknowledgements, compared, losses, oversold, doubleCharges, notes.join('; ')].join(' | ')} |`;
  };
  return [...head, ...rows.map(line), line(total), '', `${total.seconds.toFixed(0)} s in all`].join('\n');
}
