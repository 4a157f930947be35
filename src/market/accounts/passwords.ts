/**
 * Password hashes: argon2id. Each hash costs 19 MiB and some 20 ms of a thread, so only so many are made at once and
 * only so many wait; a request beyond that is refused with `busy`.
 *
 * A password is brought to Unicode form C before it is hashed, because keyboards send the same letter as one code
 * point or as two (RFC 8265, OpaqueString; NIST SP 800-63B). Hashes of earlier versions are of the password as it was
 * sent, so one that reads otherwise in form C is tried as it was sent, too.
 */
import { hash, verify } from '@node-rs/argon2';
import { perGateway } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

const atOnceMax = 2;
const waitingMax = 64;
/** Of a password that was thrown away, with the library's defaults: whoever has no hash is compared with it. */
const decoy =
  '$argon2id$v=19$m=19456,t=2,p=1$Z/dfGCiBLu7czSFefywk3w$GHe6c6OTCQlIzqUWYUO7pwVV0q4IeaZDMOnZD2N/Z7s';

export class Passwords {
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  /** The library's defaults are argon2id with 19 MiB and 2 passes (OWASP's first choice). */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password.normalize('NFC')));
  }

  /** Takes as long without a hash to compare with, so that time does not tell who has an account. */
  matches(password: string, passwordHash: string | null): Promise<boolean> {
    const spellings = new Set([password.normalize('NFC'), password]);
    return this.#inTurn(async () => {
      for (const spelling of spellings)
        if ((await verify(passwordHash ?? decoy, spelling)) && passwordHash !== null) return true;
      return false;
    });
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#working >= atOnceMax) {
      if (this.#waiting.length >= waitingMax)
        throw new DoorbusterError('busy', 'Too many sign-ins at once: try again');
      // Work that finishes passes its place on, so `#working` stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#working += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#working -= 1;
    }
  }
}

/** The one pool of a gateway. */
export const passwordsOf = perGateway(() => new Passwords());
