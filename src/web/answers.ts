/**
 * Answers of the API that are known before they are asked for, by the path that is asked.
 *
 * 1. Those that came with a page that the server has drawn are as new as the page: nothing is read again until the browser
 *    goes to another address.
 * 2. Those that were read lately are shown at once when somebody comes back, and read again.
 */
import { address } from './router.ts';

export interface Known<Value> {
  readonly value: Value;
  /** There is nothing to gain by reading it now. */
  readonly isFresh: boolean;
}

export type Answers = Readonly<Record<string, unknown>>;

let given: Answers = {};
let givenAt = address.peek();

/** Answers that belong to the address at which the browser, or the server that draws, is now. */
export function giveAnswers(answers: Answers): void {
  given = givenAt === address.peek() ? { ...given, ...answers } : answers;
  givenAt = address.peek();
}

const recentMax = 20;
const recent = new Map<string, unknown>();

/** For when somebody comes back. */
export function keepAnswer(path: string, value: unknown): void {
  recent.delete(path);
  recent.set(path, value);
  if (recent.size > recentMax) recent.delete(recent.keys().next().value!);
}

/** What the API answers has the types of its schemas. */
export function knownAnswer<Value>(path: string): Known<Value> | null {
  if (givenAt === address.peek() && Object.hasOwn(given, path))
    return { value: given[path] as Value, isFresh: true };
  return recent.has(path) ? { value: recent.get(path) as Value, isFresh: false } : null;
}
