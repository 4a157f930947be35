/**
 * Arms that take turns: each is started fresh for a round, warmed up, measured at every number of connections, and stopped,
 * so that nothing of it runs while another is measured.
 */
import { type Arm, type ArmName, startArm } from './baselines/arms.ts';
import { repository } from './baselines/server.ts';
import type { ArmRun } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { told } from './runs.ts';

/** An arm under the name that it has in the table. */
export interface Variant {
  readonly label: string;
  readonly arm: ArmName;
  readonly env?: Readonly<Record<string, string>>;
  /** As the plan has it, unless told otherwise. */
  readonly skus?: number;
}

export interface Turns {
  readonly name: string;
  readonly journal: 'redis' | 'postgres';
  readonly variants: readonly Variant[];
  /** As the plan has it, unless told otherwise. */
  readonly connections: readonly number[];
  warmUp(arm: Arm): Promise<void>;
  measure(arm: Arm, connections: number, variant: Variant): Promise<Omit<ArmRun, 'arm'>>;
}

export const armsOf = (...names: readonly ArmName[]): Variant[] => names.map((arm) => ({ label: arm, arm }));

export const roundsOf = ({ rounds }: BenchOptions) => rounds ?? 3;
export const secondsOf = ({ seconds }: BenchOptions) => seconds ?? 4;

export async function alternate(turns: Turns, options: BenchOptions): Promise<ArmRun[]> {
  const variants = turns.variants
    .filter(({ arm }) => options.arms?.includes(arm) ?? true)
    .filter(({ arm }) => arm !== 'before' || options.before !== null);
  const runs: ArmRun[] = [];
  for (let round = 0; round < roundsOf(options); round++) {
    for (const variant of variants) {
      const { label, arm: name, env = {} } = variant;
      const checkout = name === 'before' ? options.before! : repository;
      const added = name === 'ours' ? options.env : {};
      const arm = await startArm({ name, journal: turns.journal, checkout, env: { ...env, ...added } });
      try {
        await turns.warmUp(arm);
        for (const connections of options.connections ?? turns.connections) {
          const run = await turns.measure(arm, connections, variant);
          runs.push({ arm: label, ...run });
          process.stderr.write(
            `${turns.name} round ${round + 1}: ${label}, ${connections} connections: ${told(run)}\n`,
          );
        }
      } finally {
        tellComplaints(label, arm.complaints());
        await arm.stop();
      }
    }
  }
  return runs;
}

const toldMax = 5;

/** A server that complained was measured in trouble: its figures say little. */
export function tellComplaints(label: string, lines: readonly string[]): void {
  for (const line of lines.slice(0, toldMax))
    process.stderr.write(`  ${label} logged ${line.slice(0, 400)}\n`);
  if (lines.length > toldMax) process.stderr.write(`  and ${lines.length - toldMax} more\n`);
}

/** What a comparison was made of, for whoever reads its figures. */
export function turnsText(options: BenchOptions): string {
  const { before, env } = options;
  return `${roundsOf(options)} rounds, arms alternating${before ? `; before: ${before}` : ''}${Object.keys(env).length > 0 ? `; ours with ${JSON.stringify(env)}` : ''}`;
}
