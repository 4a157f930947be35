/** The flags of `npm run bench`, each checked once. They are given on to the process of each bench as they came. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ArmName } from '../baselines/arms.ts';
import { BadFlags, FlagValues } from '../flags.ts';

/** null: as the bench has it. */
export interface BenchOptions {
  readonly names: readonly string[];
  readonly connections: readonly number[] | null;
  readonly rounds: number | null;
  readonly seconds: number | null;
  readonly arms: readonly ArmName[] | null;
  /** A second checkout, as the arm `before`. */
  readonly before: string | null;
  /** Further environment of the arm `ours`, and not of `before`. */
  readonly env: Readonly<Record<string, string>>;
  /** How many of whatever a bench has many of: buyers, sockets, SKUs. */
  readonly size: number | null;
  readonly isJson: boolean;
  readonly isReport: boolean;
  readonly isHelp: boolean;
  readonly isChild: boolean;
}

export const usage = (names: readonly string[]) => `npm run bench -- [${names.join('|')} …] [flags]

  --connections 64,256   how many connections (1,8,16,32,64,128,256)
  --rounds N             rounds of alternating arms (3)
  --seconds N            seconds of one measured run (4)
  --arms ours,lua        only these arms: ours, before, lua, postgres, echo
  --ours PATH            a second checkout, measured as the arm "before"
  --env NAME=VALUE       a setting of the arm "ours" only; may be repeated
  --size N               buyers of S6, sockets of S7, products of S11
  --json                 the result as JSON on standard output
  --report               measures nothing: writes docs/SPEED.md from the last whole runs`;

const flags = {
  connections: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  arms: { type: 'string' },
  ours: { type: 'string' },
  env: { type: 'string', multiple: true },
  size: { type: 'string' },
  json: { type: 'boolean' },
  report: { type: 'boolean' },
  help: { type: 'boolean' },
  child: { type: 'boolean' },
} as const;

const armNames: readonly string[] = ['ours', 'before', 'lua', 'postgres', 'echo'] satisfies ArmName[];

/** Throws BadFlags. `known`: the benches there are. */
export function readBenchOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parse(argv);
  const given = new FlagValues(values);
  for (const name of positionals) given.check(known.includes(name), `no such bench: ${name}`);
  const optional = (name: string, max: number) =>
    given.text(name) === null ? null : given.number(name, 1, { min: 1, max });
  const connections = listOf(values.connections);
  given.check(
    connections === null || connections.every((text) => /^\d{1,4}$/.test(text) && Number(text) > 0),
    `--connections must be whole numbers separated by commas, not "${values.connections}"`,
  );
  const arms = listOf(values.arms);
  for (const arm of arms ?? []) given.check(armNames.includes(arm), `no such arm: ${arm}`);
  const pairs = (values.env ?? []).map((text) => /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text));
  given.check(!pairs.includes(null), '--env must be NAME=VALUE');
  const options: BenchOptions = {
    names: positionals,
    connections: connections?.map(Number) ?? null,
    rounds: optional('rounds', 20),
    seconds: optional('seconds', 12),
    arms: arms as ArmName[] | null,
    before: values.ours === undefined ? null : resolve(values.ours),
    env: Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!, pair[2]!]] : []))),
    size: optional('size', 1_000_000),
    ...{
      isJson: values.json ?? false,
      isReport: values.report ?? false,
      isHelp: values.help ?? false,
      isChild: values.child ?? false,
    },
  };
  given.end();
  return options;
}

/** Whether a run was asked for as the bench has it, so that its figures may stand in the documents. */
export function isWhole({ connections, rounds, seconds, arms, before, size, env }: BenchOptions): boolean {
  const narrowed = [connections, rounds, seconds, arms, before, size].some((one) => one !== null);
  return !narrowed && Object.keys(env).length === 0;
}

const listOf = (text: string | undefined) => text?.split(',').map((part) => part.trim()) ?? null;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    throw new BadFlags([error instanceof Error ? error.message : String(error)]);
  }
}
