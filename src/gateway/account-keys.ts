/**
 * A key per account, under which what is personal is sealed before it goes where nothing can be deleted: the journal,
 * snapshots, kept answers, backups. An erasure deletes the key (crypto-shredding), and then nobody reads it any more.
 *
 * 1. Keys are wanted by requests that must not wait for each other: all that are asked for in one turn of the event loop
 *    are read, and made, by one statement. What was read is remembered for `rememberedMs`, so an erased key is gone from
 *    every gateway soon after it is gone from the table.
 * 2. The same text for the same place under the same key is sealed to the same bytes (the nonce follows from both, as in
 *    RFC 5297), because a repeated command must be the same command. Who has no key learns from that only that two
 *    texts of one place are alike.
 * 3. Where keys are is no part of selling: when the table does not answer in `waitMsMax`, there is no key (null), and for
 *    `restMs` nobody asks again. Callers say what they do then.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Database } from '../persistence/database.ts';
import { perGateway } from './route.ts';

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export class AccountKey {
  readonly #sealing: Buffer;
  readonly #naming: Buffer;

  constructor(key: Buffer) {
    // The key is random in all its bits: to part it by purpose one HMAC does what HKDF would do with four.
    const derived = (purpose: string) => createHmac('sha256', key).update(purpose).digest();
    this.#sealing = derived('seal v1');
    this.#naming = derived('nonce v1');
  }

  /** `place`: what the text belongs to, such as an order's id; it opens nowhere else. */
  seal(place: string, text: string): string {
    const mac = createHmac('sha256', this.#naming).update(place).update('\0').update(text).digest();
    const nonce = mac.subarray(0, nonceBytes);
    const sealing = createCipheriv(cipher, this.#sealing, nonce);
    sealing.setAAD(Buffer.from(place));
    const parts = [nonce, sealing.update(text, 'utf8'), sealing.final(), sealing.getAuthTag()];
    return Buffer.concat(parts).toString('base64');
  }

  /** null for what was not sealed under this key for this place. */
  open(place: string, sealed: string): string | null {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < nonceBytes + tagBytes) return null;
    try {
      const opening = createDecipheriv(cipher, this.#sealing, bytes.subarray(0, nonceBytes));
      opening.setAAD(Buffer.from(place));
      opening.setAuthTag(bytes.subarray(-tagBytes));
      const text = opening.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([text, opening.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}

const rememberedMax = 50_000;
const rememberedMs = 15_000;
const waitMsMax = 500;
const restMs = 2_000;
/** Keys that one statement reads or makes. */
const batchMax = 500;

interface Asked {
  readonly answer: Promise<AccountKey | null>;
  readonly resolve: (key: AccountKey | null) => void;
}

interface KeyRow {
  account_id: string;
  key: Buffer;
}

const readText = 'SELECT account_id, key FROM account_keys WHERE account_id = ANY($1)';
const makeText = `WITH made AS (
    INSERT INTO account_keys (account_id, key) SELECT * FROM unnest($1::text[], $2::bytea[])
    ON CONFLICT DO NOTHING RETURNING account_id, key
  ) SELECT account_id, key FROM made UNION ALL ${readText}`;

export class AccountKeys {
  readonly #database: Pick<Database, 'query'>;
  readonly #known = new LRUCache<string, AccountKey>({ max: rememberedMax, ttl: rememberedMs });
  readonly #reading = new Map<string, Asked>();
  readonly #making = new Map<string, Asked>();
  #restUntilMs = 0;

  constructor(database: Pick<Database, 'query'>) {
    this.#database = database;
  }

  /** The account's key if it is remembered. */
  recall(accountId: string): AccountKey | undefined {
    return this.#known.get(accountId);
  }

  /** The account's key; null when it has none, any more or yet, or when keys cannot be read now. */
  async find(accountId: string): Promise<AccountKey | null> {
    return this.recall(accountId) ?? this.#ask(this.#reading, accountId, false);
  }

  /** The account's key, made if need be; null when keys cannot be made now. */
  async ensure(accountId: string): Promise<AccountKey | null> {
    return this.recall(accountId) ?? this.#ask(this.#making, accountId, true);
  }

  #ask(asked: Map<string, Asked>, accountId: string, isMade: boolean): Promise<AccountKey | null> {
    if (performance.now() < this.#restUntilMs) return Promise.resolve(null);
    let one = asked.get(accountId);
    if (one === undefined) {
      if (asked.size === 0) setImmediate(() => this.#answer(asked, isMade));
      const { promise: answer, resolve } = Promise.withResolvers<AccountKey | null>();
      one = { answer, resolve };
      asked.set(accountId, one);
    }
    return one.answer;
  }

  #answer(asked: Map<string, Asked>, isMade: boolean): void {
    const all = [...asked];
    asked.clear();
    for (let from = 0; from < all.length; from += batchMax)
      void this.#answerBatch(all.slice(from, from + batchMax), isMade);
  }

  async #answerBatch(batch: readonly (readonly [string, Asked])[], isMade: boolean): Promise<void> {
    const settle = (keys: ReadonlyMap<string, AccountKey>) => {
      for (const [accountId, { resolve }] of batch) resolve(keys.get(accountId) ?? null);
    };
    const late = setTimeout(() => {
      this.#restUntilMs = performance.now() + restMs;
      settle(new Map());
    }, waitMsMax);
    try {
      settle(
        await this.#read(
          batch.map(([accountId]) => accountId),
          isMade,
        ),
      );
    } catch {
      this.#restUntilMs = performance.now() + restMs;
      settle(new Map());
    } finally {
      clearTimeout(late);
    }
  }

  async #read(accountIds: readonly string[], isMade: boolean): Promise<ReadonlyMap<string, AccountKey>> {
    const { query } = this.#database;
    const found = new Map<string, AccountKey>();
    const take = (rows: readonly KeyRow[]) => {
      for (const { account_id, key } of rows) found.set(account_id, new AccountKey(key));
    };
    // In one order, so that two gateways never wait for each other.
    const wanted = accountIds.toSorted();
    if (isMade) take(await query<KeyRow>(makeText, [wanted, wanted.map(() => randomBytes(keyBytes))]));
    else take(await query<KeyRow>(readText, [wanted]));
    // Another gateway was making one just then: what the table has counts.
    const missing = wanted.filter((accountId) => !found.has(accountId));
    if (isMade && missing.length > 0) take(await query<KeyRow>(readText, [missing]));
    for (const [accountId, key] of found) this.#known.set(accountId, key);
    return found;
  }
}

export const accountKeysOf = perGateway(({ database }) => new AccountKeys(database));
