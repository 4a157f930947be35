/**
 * Answers of the API that are known before they are asked for, by the path that is asked.
 *
 * 1. Those that came with a page that the server has drawn are as new as the page: nothing is read again until the browser
 *    goes to another address.
 * 2. Those that were read lately are shown at once when somebody comes back, and read again.
 */
import { address } from './router.ts';

/** An answer with what its headers say of it. */
export interface Told<Body> {
  readonly body: Body;
  /** It comes from what stands in for something that is away. */
  readonly isDegraded: boolean;
}

export const degradedHeader = 'Search-Degraded';
/** `value`: of the header. */
export const isDegraded = (value: string | null | undefined): boolean => value === 'true';

export interface Known<Value> {
  readonly value: Value;
  /** There is nothing to gain by reading it now. */
  readonly isFresh: boolean;
}

export type Answers = Readonly<Record<string, Told<unknown>>>;

let given: Answers = {};
let givenAt = address.peek();

/** Answers that belong to the address at which the browser, or the server that draws, is now. */
export function giveAnswers(answers: Answers): void {
  given = givenAt === address.peek() ? { ...given, ...answers } : answers;
  givenAt = address.peek();
}

const recentMax = 20;
const recent = new Map<string, Told<unknown>>();

/** For when somebody comes back. */
export function keepAnswer(path: string, answer: Told<unknown>): void {
  recent.delete(path);
  recent.set(path, answer);
  if (recent.size > recentMax) recent.delete(recent.keys().next().value!);
}

/** What the API answers has the types of its schemas. */
export function knownAnswer<Body>(path: string): Known<Told<Body>> | null {
  if (givenAt === address.peek() && Object.hasOwn(given, path))
    return { value: given[path] as Told<Body>, isFresh: true };
  const kept = recent.get(path);
  return kept === undefined ? null : { value: kept as Told<Body>, isFresh: false };
}
