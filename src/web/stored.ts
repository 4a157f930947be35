/** What outlives the page, in `localStorage`: read and written as JSON, and heard of when another tab changes it. */
import { type Signal, signal } from '@preact/signals';
import { isBrowser } from './browser.ts';

const prefix = 'doorbuster:';

export function load<Value>(name: string): Value | null {
  try {
    const text = localStorage.getItem(prefix + name);
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    // Storage is off, or holds what we did not write: nothing is stored.
    return null;
  }
}

export function save(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // Without storage a place lives as long as its tab.
  }
}

const signals = new Map<string, Signal<unknown>>();

/** A stored value that every tab sees alike; set it by `store`. */
export function stored<Value>(name: string): Signal<Value | null> {
  let known = signals.get(name);
  if (!known) {
    known = signal<unknown>(load(name));
    signals.set(name, known);
  }
  return known as Signal<Value | null>;
}

export function store<Value>(name: string, value: Value | null): void {
  save(name, value);
  stored<Value>(name).value = value;
}

/** Takes in what another tab has just stored: the news of it may be on their way. */
export function reread(name: string): void {
  const [now, known] = [load(name), stored(name)];
  if (now !== null && JSON.stringify(now) !== JSON.stringify(known.peek())) known.value = now;
}

if (isBrowser) addEventListener('storage', ({ key }) => readAgain(key));

/** `key` null: everything was removed. */
function readAgain(key: string | null): void {
  const name = key?.startsWith(prefix) ? key.slice(prefix.length) : null;
  for (const [known, value] of signals) if (name === null || name === known) value.value = load(known);
}
