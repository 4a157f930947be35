/** Keys for one purpose each, all from the one secret that an operator keeps. */
import { hkdfSync } from 'node:crypto';

export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'doorbuster', purpose, 32));
}
