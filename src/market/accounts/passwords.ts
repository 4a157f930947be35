/**
 * Password hashes: argon2id. Each hash costs 19 MiB and some 20 ms of a thread, so only so many are made at once and
 * only so many wait; a request beyond that is refused with `busy`.
 */
import { hash, verify } from '@node-rs/argon2';
import { DoorbusterError } from '../../protocol/errors.ts';

const atOnceMax = 2;
const waitingMax = 64;

export class Passwords {
  #working = 0;
  readonly #waiting: (() => void)[] = [];
  #decoy: Promise<string> | null = null;

  /** The library's defaults are argon2id with 19 MiB and 2 passes (OWASP's first choice). */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password));
  }

  /** Takes as long without a hash to compare with, so that time does not tell who has an account. */
  matches(password: string, passwordHash: string | null): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#decoy ??= hash('no account has this password');
      const isMatch = await verify(passwordHash ?? (await this.#decoy), password);
      return isMatch && passwordHash !== null;
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
