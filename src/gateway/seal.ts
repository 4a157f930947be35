/**
 * What is kept for the idempotency key of a request that carries a password or is answered with tokens: a fingerprint
 * that says nothing about the password, and an answer that nobody reads out of a journal or a backup. Answers that tell
 * who somebody is are sealed under the account's own key, which an erasure deletes.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { accountKeysOf } from './account-keys.ts';
import { deriveKey } from './derive-key.ts';
import { perGateway, type Services } from './route.ts';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** How an answer is kept, and read again. */
export interface AnswerSeal {
  close(text: string): string;
  /** Throws when it cannot be opened. */
  open(closed: string): string;
}

export class Seal implements AnswerSeal {
  readonly #key: Buffer;
  readonly #macKey: Buffer;

  constructor(tokenSecret: string) {
    this.#key = deriveKey(tokenSecret, 'kept answers v1');
    this.#macKey = deriveKey(tokenSecret, 'kept fingerprints v1');
  }

  /** Hexadecimal, as long as the fingerprints that are not sealed. */
  fingerprint(text: string): string {
    return createHmac('sha256', this.#macKey).update(text).digest('hex');
  }

  close(text: string): string {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.#key, nonce);
    const parts = [nonce, sealing.update(text, 'utf8'), sealing.final(), sealing.getAuthTag()];
    return Buffer.concat(parts).toString('base64');
  }

  /** Throws when it was not closed by a gateway with the same secret. */
  open(closed: string): string {
    const bytes = Buffer.from(closed, 'base64');
    const opening = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes));
    opening.setAuthTag(bytes.subarray(-tagBytes));
    const text = opening.update(bytes.subarray(nonceBytes, -tagBytes));
    return Buffer.concat([text, opening.final()]).toString('utf8');
  }
}

export const sealOf = perGateway(({ tokenSecret }) => new Seal(tokenSecret));

/** What these answers are sealed for: they open as nothing else. */
const place = 'kept answer';

/** By the account's key; while keys cannot be read, and for who has none any more, by the server's own. */
export async function personalSeal(services: Services, accountId: string): Promise<AnswerSeal> {
  const key = await accountKeysOf(services).ensure(accountId);
  const server = sealOf(services);
  return {
    close: (text) => key?.seal(place, text) ?? server.close(text),
    // Earlier versions kept these answers as they are.
    open: (closed) => (closed.startsWith('{') ? closed : (key?.open(place, closed) ?? server.open(closed))),
  };
}
