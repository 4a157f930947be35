/**
 * Refresh tokens: `<sessionId>.<generation>.<signature>`.
 *
 * 1. The signature proves that the token was ours once; the session's row says which generation is the present one.
 *    So the table holds nothing that a thief could use, the successor of a token can be given again, and what was
 *    never ours costs no look-up.
 * 2. A guest's first token has the generation `guest`: whose it is follows from its session's id, so it needs no row.
 * 3. A token of an earlier version is `<sessionId>.<secret>`, known by the secret's hash in the row.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../../gateway/derive-key.ts';
import { guestSessionId } from '../../gateway/tokens.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';

export interface RefreshToken {
  readonly sessionId: string;
  /** How many renewals the session had when the token was given. */
  readonly generation: number;
  /** The first token of a guest, whose session may have no row yet. */
  readonly isGuestsFirst: boolean;
  /** Of a token of an earlier version: it counts only if the row has this hash. */
  readonly secretHash: Buffer | null;
}

const guestsFirst = 'guest';

export const refusedToken = () =>
  new DoorbusterError('invalid_token', 'The refresh token is not valid: sign in again');

export class RefreshTokens {
  readonly #key: Buffer;

  constructor(tokenSecret: string) {
    this.#key = deriveKey(tokenSecret, 'refresh token v1');
  }

  issue(sessionId: string, generation: number): string {
    return this.#signed(sessionId, String(generation));
  }

  issueGuests(accountId: string): string {
    return this.#signed(guestSessionId(accountId), guestsFirst);
  }

  /** Refuses with `invalid_token` whatever was never given by us. */
  read(text: string): RefreshToken {
    const [sessionId = '', generation = '', signature, ...more] = text.split('.', 4);
    if (!isId('session', sessionId) || generation === '' || more.length > 0) throw refusedToken();
    if (signature === undefined) {
      const secretHash = createHash('sha256').update(generation).digest();
      return { sessionId, generation: 0, isGuestsFirst: false, secretHash };
    }
    const expected = Buffer.from(this.#signed(sessionId, generation));
    const sent = Buffer.from(text);
    if (expected.length !== sent.length || !timingSafeEqual(expected, sent)) throw refusedToken();
    const isGuestsFirst = generation === guestsFirst;
    return { sessionId, generation: isGuestsFirst ? 0 : Number(generation), isGuestsFirst, secretHash: null };
  }

  #signed(sessionId: string, generation: string): string {
    const text = `${sessionId}.${generation}`;
    return `${text}.${createHmac('sha256', this.#key).update(text).digest('base64url')}`;
  }
}
