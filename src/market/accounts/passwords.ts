/**
 * Password hashes: argon2id. Each hash costs 19 MiB and some 20 ms of a thread, so only so many are made at once, only
 * so many wait, and the rest is told `busy`.
 */
import { hash, verify } from '@node-rs/argon2';
import { DoorbusterError } from '../../protocol/errors.ts';

const atOnceMax = 2;
const waitingMax = 64;

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long without a hash to compare with, so that time does not tell who has an account. */
  matches(password: string, passwordHash: string | null): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let working = 0;
  const waiting: (() => void)[] = [];
  let decoy: Promise<string> | null = null;

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (working >= atOnceMax) {
      if (waiting.length >= waitingMax)
        throw new DoorbusterError('busy', 'Too many sign-ins at once: try again');
      // Whoever finishes hands its place over, so `working` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      working += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else working -= 1;
    }
  }

  return {
    // The library's defaults are argon2id with 19 MiB and 2 passes (OWASP's first choice).
    hash: (password) => inTurn(() => hash(password)),
    matches: (password, passwordHash) =>
      inTurn(async () => {
        decoy ??= hash('no account has this password');
        const isMatch = await verify(passwordHash ?? (await decoy), password);
        return isMatch && passwordHash !== null;
      }),
  };
}
