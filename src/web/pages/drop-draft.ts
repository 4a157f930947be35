/**
 * The drop that a seller is writing.
 *
 * 1. Nothing typed is lost: it is kept in this browser at each change, by account, until it is published.
 * 2. What is sent is kept with its key before it is sent, and as long as nobody has answered: pressing the button again,
 *    also after a reload, publishes the same drop, never a second one.
 */
import { signal } from '@preact/signals';
import { digitsOf } from '../format.ts';
import { load, save } from '../stored.ts';
import { uuid } from '../uuid.ts';
import { sellerWords } from '../words-seller.ts';

export const emptyFields = {
  ...{ title: '', sku: '', units: '', price: '', perPerson: '1', who: 'everybody' },
  /** Of the product, not typed. */
  currency: 'USD',
  ...{ lineOpens: '', starts: '', ends: '', method: 'fifo' },
  ...{ release: '100', activeLimit: '5000', admission: '300', hold: '300' },
};
export type Fields = typeof emptyFields;
export type FieldName = Exclude<keyof Fields, 'currency'>;
export type Problems = Partial<Record<FieldName, string>>;

interface Sent {
  readonly key: string;
  readonly body: object;
}

interface Draft {
  readonly fields: Fields;
  /** null: never by the button. */
  readonly savedAtMs: number | null;
  readonly sent: Sent | null;
}

const nothing: Draft = { fields: emptyFields, savedAtMs: null, sent: null };
const nameOf = (accountId: string) => `drop-draft:${accountId}`;

export const draft = signal<Draft>(nothing);
let owner: string | null = null;

/** Whose draft it is; what this tab has typed stays when the same account comes back. */
export function openDraft(accountId: string): void {
  if (owner === accountId) return;
  owner = accountId;
  const stored = load<Draft>(nameOf(accountId));
  draft.value = { ...nothing, ...stored, fields: { ...emptyFields, ...stored?.fields } };
}

export function change(changes: Partial<Fields>): void {
  put({ ...draft.value, fields: { ...draft.value.fields, ...changes }, sent: null });
}

export function saveDraft(): void {
  put({ ...draft.value, savedAtMs: Date.now() });
}

export function emptyDraft(): void {
  put(nothing);
}

/** What to send now, and under which key. */
export function sending(): Sent {
  const sent = draft.value.sent ?? { key: uuid(), body: bodyOf(draft.value.fields) };
  put({ ...draft.value, sent });
  return sent;
}

/** It was refused: the next try is another one. */
export function refused(): void {
  put({ ...draft.value, sent: null });
}

function put(next: Draft): void {
  draft.value = next;
  if (owner !== null) save(nameOf(owner), next === nothing ? null : next);
}

// ---------------------------------------------------------------- what was typed, as values

const dayMs = 86_400_000;

/** Digits, with or without separators between them; null: no whole number. */
export function wholeOf(text: string): number | null {
  const digits = text.replaceAll(/[,\s]/g, '');
  return /^\d{1,12}$/.test(digits) ? Number(digits) : null;
}

/** In the currency's smallest unit; null: no amount of it. */
export function priceOf({ price, currency }: Fields): { amount: number; currency: string } | null {
  const digits = digitsOf(currency);
  const match = /^[^\d.-]*(\d{1,10})(?:\.(\d+))?$/.exec(price.replaceAll(/[,\s]/g, ''));
  if (match === null || (match[2]?.length ?? 0) > digits) return null;
  const amount = Number(match[1]! + (match[2] ?? '').padEnd(digits, '0'));
  return { amount, currency };
}

export function priceText({ amount, currency: code }: { amount: number; currency: string }): string {
  const digits = digitsOf(code);
  return (amount / 10 ** digits).toFixed(digits);
}

function instantOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

const wholeFields = ['perPerson', 'release', 'activeLimit', 'admission', 'hold'] as const;
const instantFields = ['lineOpens', 'starts', 'ends'] as const;

/** What can be said without asking the API. */
export function problemsOf(fields: Fields): Problems {
  const { needed } = sellerWords.form;
  const problems: Problems = {};
  if (fields.title.trim() === '') problems.title = needed.title;
  if (fields.sku === '') problems.sku = needed.sku;
  if (!wholeOf(fields.units)) problems.units = needed.units;
  if (priceOf(fields) === null) problems.price = needed.price;
  for (const name of wholeFields) if (wholeOf(fields[name]) === null) problems[name] = needed.whole;
  for (const name of instantFields)
    if (fields[name] !== '' && instantOf(fields[name]) === null) problems[name] = needed.instant;
  return problems;
}

/** When it starts, and when it ends; `nowMs` where nothing was said. */
export function timesOf({ starts, ends }: Fields, nowMs: number) {
  const startsAtMs = instantOf(starts) ?? nowMs;
  return { startsAtMs, endsAtMs: instantOf(ends) ?? startsAtMs + dayMs };
}

function bodyOf(fields: Fields): object {
  const lineOpens = instantOf(fields.lineOpens);
  const { startsAtMs, endsAtMs } = timesOf(fields, Date.now());
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    title: fields.title.trim(),
    items: [
      {
        ...{ sku: fields.sku, quantity: wholeOf(fields.units), price: priceOf(fields) },
        purchaseLimit: wholeOf(fields.perPerson),
      },
    ],
    ...(lineOpens === null ? {} : { prequeueAt: iso(lineOpens) }),
    ...(fields.starts === '' ? {} : { startsAt: iso(startsAtMs) }),
    endsAt: iso(endsAtMs),
    queueing: {
      ...{ method: fields.method, releasePerSecond: wholeOf(fields.release) },
      ...{ activeLimit: wholeOf(fields.activeLimit), admissionSeconds: wholeOf(fields.admission) },
    },
    holdSeconds: wholeOf(fields.hold),
  };
}

/** Of the request above. */
const fieldByPointer: readonly (readonly [beginning: string, field: FieldName])[] = [
  ['/title', 'title'],
  ['/items/0/sku', 'sku'],
  ['/items/0/quantity', 'units'],
  ['/items/0/price', 'price'],
  ['/items/0/purchaseLimit', 'perPerson'],
  ['/prequeueAt', 'lineOpens'],
  ['/startsAt', 'starts'],
  ['/endsAt', 'ends'],
  ['/queueing/method', 'method'],
  ['/queueing/releasePerSecond', 'release'],
  ['/queueing/activeLimit', 'activeLimit'],
  ['/queueing/admissionSeconds', 'admission'],
  ['/queueing/claimSeconds', 'admission'],
  ['/holdSeconds', 'hold'],
  ['/inviteOnly', 'who'],
];

/** null: of no field that the form has. */
export function fieldOf(pointer: string): FieldName | null {
  return fieldByPointer.find(([beginning]) => pointer.startsWith(beginning))?.[1] ?? null;
}
