import { describe, expect, test } from 'vitest';
import { Passwords } from '../../../src/market/accounts/passwords.ts';
import { rejection } from '../away.ts';

describe('passwords', () => {
  test('match their hash only', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash('correct horse');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.matches('correct horse', hash)).toBe(true);
    expect(await passwords.matches('wrong horse', hash)).toBe(false);
    expect(await passwords.matches('no account has this password', null)).toBe(false);
  });

  test('take as much work to refuse where there is no account', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash('correct horse');
    // The processor's time: that of the clock is also that of whatever else the machine has to do.
    const workOf = async (known: string | null, guess: string) => {
      const before = process.cpuUsage();
      await passwords.matches(guess, known);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    for (const guess of ['wrong horse', 'wrong Zu\u0308rich']) {
      const [known, unknown]: [number[], number[]] = [[], []];
      for (let i = 0; i < 8; i++) {
        known.push(await workOf(hash, guess));
        unknown.push(await workOf(null, guess));
      }
      // The least of several: the process has other things to do, too.
      const ratio = Math.min(...unknown) / Math.min(...known);
      expect(ratio).toBeGreaterThan(0.6);
      expect(ratio).toBeLessThan(1.7);
    }
  });

  test('are hashed by a few at a time; a crowd beyond the queue is told busy, and those in it are served', async () => {
    const passwords = new Passwords();
    const results = await Promise.all(
      Array.from({ length: 80 }, () => rejection(passwords.hash('x').then((hash) => Promise.reject(hash)))),
    );
    expect(results.filter((result) => result === 'busy')).toHaveLength(80 - 66);
    expect(await passwords.hash('y')).toMatch(/^\$argon2id/);
  });
});
