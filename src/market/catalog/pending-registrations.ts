/** Products whose units are not all known to their actors are looked for again and again: at start, after an outage. */
import type { Log } from '../../protocol/log.ts';

const registerEveryMs = 30_000;

/** Begins at once and goes on as long as its thread. */
export function keepRegistering(registerPending: () => Promise<unknown>, log: Log): void {
  let isDatabaseAway = false;
  const register = () =>
    registerPending().then(
      () => {
        isDatabaseAway = false;
      },
      (error) => {
        // Once an outage.
        if (!isDatabaseAway) log('warn', 'pending products stay pending', { error: String(error) });
        isDatabaseAway = true;
      },
    );
  setInterval(register, registerEveryMs).unref();
  void register();
}
