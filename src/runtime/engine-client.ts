/**
 * The engine as every thread sees it: a command goes to the shard that runs its actor, wherever that is, or to the back
 * office when an effect serves its kind. Nothing here ever rejects: who cannot be reached answers `busy`.
 */

import { allPartitions, type Directory, partitionOf } from '../protocol/address.ts';
import { type Answer, busy } from '../protocol/answer.ts';
import type {
  AnswerTo,
  AnyCommand,
  Ask,
  CommandType,
  FieldsOf,
  ReplyOf,
  RowCommand,
} from '../protocol/command.ts';
import type { PendingMessage } from '../protocol/decider.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Peer } from '../protocol/peer.ts';
import { findName } from './shard-inspection.ts';
import type { Role } from './thread-messages.ts';

interface Peers {
  peer(role: Role, index: number): Peer | undefined;
}

const noKinds: ReadonlySet<string> = new Set();

export class EngineClient {
  readonly #peers: Peers;
  readonly #directory: Directory;
  readonly #effectKinds: ReadonlySet<string>;

  /** `effectKinds`: the kinds whose commands effects serve, not actors. */
  constructor(peers: Peers, directory: Directory, effectKinds = noKinds) {
    this.#peers = peers;
    this.#directory = directory;
    this.#effectKinds = effectKinds;
  }

  /** Sends an actor's message; `done` is called once. */
  send({ kind, key, command, inRows }: PendingMessage, done: (answer: Answer) => void): void {
    const peer = this.#peerOf(kind, key);
    if (!peer) done(busy);
    else if (inRows) peer.requestRow(inRows, key, command, done);
    else peer.request(kind, key, command, done);
  }

  readonly ask: Ask = (command, key, fields) =>
    new Promise((resolve) => {
      const { kind, rows } = command;
      const peer = this.#peerOf(kind, key);
      const done = typed(command, resolve);
      if (!peer) done(busy);
      else if (rows) peer.requestRow(command as RowCommand, key, fields, done);
      else peer.request(kind, key, sent(command, fields), done);
    });

  #peerOf(kind: string, key: string): Peer | undefined {
    return this.#effectKinds.has(kind)
      ? this.#peers.peer('back-office', 0)
      : this.#shard(this.#directory.ownerOf(partitionOf(kind, key)));
  }

  /** The key of the actor of `kind` that goes by another name, or null. Throws `busy` while nobody can know. */
  readonly find = async (kind: string, name: string): Promise<string | null> => {
    const answers = await this.everyShard(findName, { kind, name });
    const found = answers.find((answer) => answer !== null && answer.key !== null);
    if (found) return found.key;
    // A partition that nobody answers for, or that is on its way to another shard, may be the one that knows it.
    const searched = new Set(answers.flatMap((answer) => answer?.partitions ?? []));
    if (!allPartitions.every((partition) => searched.has(partition)))
      throw new DoorbusterError('busy', 'A part of the engine is being started anew');
    return null;
  };

  /** One question to every shard that runs partitions; null stands for each that does not answer. */
  everyShard<Declared extends CommandType<'shard'>>(
    command: Declared,
    fields: FieldsOf<Declared>,
  ): Promise<(ReplyOf<Declared> | null)[]> {
    // A partition without an owner stands for a shard that is away.
    const shards = new Set(allPartitions.map((partition) => this.#directory.ownerOf(partition)));
    return Promise.all(
      [...shards].map(
        (shard) =>
          new Promise<ReplyOf<Declared> | null>((resolve) => {
            const peer = this.#shard(shard);
            if (!peer) return resolve(null);
            const done = typed(command, (answer) =>
              resolve(answer.code === 'ok' || answer.code === 'created' ? answer.body : null),
            );
            peer.request('shard', String(shard), sent(command, fields), done);
          }),
      ),
    );
  }

  #shard(index: number | null): Peer | undefined {
    return index === null ? undefined : this.#peers.peer('shard', index);
  }
}

function sent(command: CommandType, fields: object): AnyCommand {
  return { ...fields, type: command.type };
}

/** What comes from another thread is taken for what the command's declaration promises. */
function typed<Declared extends CommandType>(_command: Declared, done: (answer: AnswerTo<Declared>) => void) {
  return done as (answer: Answer) => void;
}
