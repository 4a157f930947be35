/**
 * What the record of keyed requests of an account, or of some strangers, can be asked. All times are engine milliseconds. A comment before a
 * command lists its outcomes: the good ones, then its refusals in order of precedence.
 */
import { commandsTo, type Sent } from '../../protocol/command.ts';

const command = commandsTo('idempotency');

/** ok | rate_limited (a new key beyond the owner's share, or a stranger's) | idempotency_key_reused | idempotency_in_progress. */
export const beginRequest = command('BeginRequest')
  .takes<{
    key: string;
    /** SHA-256 of method, path and body, hex; keyed where the body has a password. */
    fingerprint: string;
    /** The id that this request would mint; the first one is kept and returned to every repeat. */
    resourceId: string;
    /** Names the server run: a request left open by an earlier run may be run again. */
    run: string;
  }>()
  .answers<BegunRequest>();
export type BeginRequest = Sent<typeof beginRequest>;

/** ok | not_found. */
export const finishRequest = command('FinishRequest')
  .takes<{
    key: string;
    status: number;
    body: unknown;
    location: string | null;
    etag: string | null;
  }>()
  .answers<null>();
export type FinishRequest = Sent<typeof finishRequest>;

/**
 * The attempt did nothing and its id may be forgotten. ok. The gateway hands unfinished keys back instead:
 * `BeginRequest` with run `handed-back`, so that a repeat runs under the same id.
 */
const abandonRequest = command('AbandonRequest')
  .takes<{
    key: string;
  }>()
  .answers<null>();
export type AbandonRequest = Sent<typeof abandonRequest>;

/** What a keyed request finds: `run` it under this resource id, or `replay` the stored answer. */
export interface BegunRequest {
  readonly outcome: 'run' | 'replay';
  readonly resourceId: string;
  readonly status: number | null;
  readonly body: unknown;
  readonly location: string | null;
  readonly etag: string | null;
}

export type IdempotencyCommands = typeof beginRequest | typeof finishRequest | typeof abandonRequest;
export type IdempotencyCommand = Sent<IdempotencyCommands>;
