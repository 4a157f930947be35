/**
 * What is kept for the idempotency key of a request that carries a password or is answered with tokens: a fingerprint
 * that says nothing about the password, and an answer that nobody reads out of a journal or a backup.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deriveKey } from './derive-key.ts';
import { perGateway } from './route.ts';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

export class Seal {
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
