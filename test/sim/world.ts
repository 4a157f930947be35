/** What the parts of one simulated run share: time, truth, trouble, and the place where a broken promise is noted. */
import type { AnyDecider } from '../../src/protocol/decider.ts';
import type { Journal, PassivatedStore, SnapshotStore } from '../../src/protocol/journal.ts';
import type { Partition } from '../../src/runtime/partition.ts';
import type { DiskFaults } from './disk.ts';
import type { Loop } from './loop.ts';
import type { Fail, Model } from './model.ts';
import type { PoisonFault } from './poison.ts';
import type { ProviderFaults } from './provider.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';

export interface NetworkFaults {
  lose: number;
  repeat: number;
  slow: number;
}

export interface Faults {
  readonly disk: DiskFaults;
  readonly network: NetworkFaults;
  readonly provider: ProviderFaults;
  /** By the actor's address. */
  readonly poison: Map<string, PoisonFault>;
}

export interface Violation {
  readonly rule: string;
  readonly detail: string;
  readonly step: number;
  readonly atMs: number;
}

/** What a snapshotter needs of the snapshot store. */
export type SnapshotterStore = SnapshotStore & Pick<PassivatedStore, 'loadPassivated'>;

/** A rule broken on purpose: real parts, wrapped. */
export interface Mutant {
  /** `end` ends the shard that runs it. */
  readonly decider?: (decider: AnyDecider, end: () => void) => AnyDecider;
  readonly journal?: (journal: Journal, store: Store) => Journal;
  /** The snapshotter's way to the store. */
  readonly snapshots?: (store: SnapshotterStore) => SnapshotterStore;
  readonly store?: (store: Store) => void;
  /** Each thread of a process has a time of its own. */
  readonly isTimePerThread?: boolean;
  /** A shard takes commands as soon as it has recovered itself. */
  readonly isOpeningAlone?: boolean;
  /** What an actor sends to another shard or the back office. */
  readonly outgoing?: <Command extends { readonly type: string }>(command: Command) => Command;
}

/** An actor as the journal alone makes it, without restarts and snapshots. */
export interface Shadow {
  readonly decider: AnyDecider;
  readonly state: unknown;
}

export interface World {
  readonly loop: Loop;
  readonly store: Store;
  readonly model: Model;
  readonly shadows: Map<string, Shadow>;
  /** Partitions in which the shadows live: replayed from the first frame, never left. */
  readonly unbroken: Map<number, Partition>;
  readonly faults: Faults;
  readonly mutant: Mutant;
  readonly random: (stream: string) => Random;
  readonly fail: Fail;
  readonly trace: (text: () => string) => void;
  /** How often something happened, for the report. */
  readonly count: (what: string, by?: number) => void;
}

export function calmFaults(): Faults {
  return {
    disk: { append: 0, other: 0, slow: 0, outageUntilMs: 0 },
    network: { lose: 0, repeat: 0, slow: 0 },
    provider: { loseWebhook: 0, repeatWebhook: 0, slow: 0, outageUntilMs: 0 },
    poison: new Map(),
  };
}
