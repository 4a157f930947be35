/**
 * Waiting, for tens of thousands of buyers at once: one interval wakes everybody whose 20 ms slot has come, instead
 * of a timer each. `wakeAll` ends every wait early (the sale is over).
 */

export interface Clock {
  /** Resolves after `ms`, or early when everybody is woken. */
  sleep(ms: number): Promise<void>;
  /** Like sleep, but never woken early: for retries. */
  pause(ms: number): Promise<void>;
  wakeAll(): void;
  stop(): void;
}

const slotMs = 20;

export function createClock(): Clock {
  const light = new Map<number, (() => void)[]>();
  const deep = new Map<number, (() => void)[]>();
  let nextSlot = Math.floor(performance.now() / slotMs);

  function enlist(wakers: Map<number, (() => void)[]>, ms: number): Promise<void> {
    // A slot that is already due is put into the next one, so that nobody is left behind.
    const slot = Math.max(nextSlot, Math.ceil((performance.now() + Math.max(0, ms)) / slotMs));
    return new Promise((resolve) => {
      const waiting = wakers.get(slot);
      if (waiting) waiting.push(resolve);
      else wakers.set(slot, [resolve]);
    });
  }

  function wake(wakers: Map<number, (() => void)[]>, slot: number): void {
    const due = wakers.get(slot);
    if (!due) return;
    wakers.delete(slot);
    for (const resolve of due) resolve();
  }

  const interval = setInterval(() => {
    const current = Math.floor(performance.now() / slotMs);
    while (nextSlot <= current) {
      wake(light, nextSlot);
      wake(deep, nextSlot);
      nextSlot++;
    }
  }, slotMs);

  return {
    sleep: (ms) => enlist(light, ms),
    pause: (ms) => enlist(deep, ms),
    wakeAll() {
      for (const slot of [...light.keys()]) wake(light, slot);
    },
    stop: () => clearInterval(interval),
  };
}
