/**
 * Card numbers: 13 to 19 digits whose last one is the Luhn check digit, with blanks or dashes between them or not.
 * None may be kept or logged, so a request that holds one is refused: under a name that says card, whatever the
 * schema knows of it, and anywhere inside a free text.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { pointer } from './invalid.ts';

export const cardDigitsMin = 13;
const cardDigitsMax = 19;

function cardRefused(path: string): DoorbusterError {
  return new DoorbusterError(
    'card_data_refused',
    'Card numbers must not be sent here: send a payment method id',
    { errors: [{ path, message: 'looks like a card number' }] },
  );
}

/** Names under which a card number would be sent; everything below such a name counts. SKUs and ids do not. */
const cardNames = /^(?:number|pan|account_?number|(?:credit|debit|payment)?_?card.*|payment.*)$/i;
const cardNameCharsMax = 100;

const saysCard = (name: string) => name.length <= cardNameCharsMax && cardNames.test(name);

/** Looks at what stands under names that say card. Refuses with `card_data_refused`. */
export function refuseCardFields(value: unknown): void {
  look(value, [], false);
}

function look(value: unknown, steps: string[], isBelowCard: boolean): void {
  if (typeof value === 'string' || typeof value === 'number') {
    if (isBelowCard && holdsCardNumber(String(value))) throw cardRefused(pointer(...steps));
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      steps.push(String(i));
      look(value[i], steps, isBelowCard);
      steps.pop();
    }
    return;
  }
  for (const name of Object.keys(value)) {
    steps.push(name);
    look((value as Record<string, unknown>)[name], steps, isBelowCard || saysCard(name));
    steps.pop();
  }
}

/** Refuses with `card_data_refused`. */
export function refuseCardIn(text: string, path: string): void {
  if (text.length >= cardDigitsMin && holdsCardNumber(text)) throw cardRefused(path);
}

/** Digits, and the blanks and dashes that people put between them. */
const digitGroup = /\d[\d\s\p{Pd}]{11,}\d/u;
const digitGroups = new RegExp(digitGroup, 'gu');

/** Whether some of a text's groups of digits, one after another, are a card number. */
export function holdsCardNumber(text: string): boolean {
  // Hardly any text has so many, and to ask whether it has is cheap.
  if (!digitGroup.test(text)) return false;
  for (const [run] of text.matchAll(digitGroups)) if (isCardIn(run)) return true;
  return false;
}

function isCardIn(run: string): boolean {
  const digits: number[] = [];
  // Where a group begins, among the digits; the last entry is where they end.
  const begins: number[] = [];
  let isInGroup = false;
  for (let at = 0; at < run.length; at++) {
    const digit = run.charCodeAt(at) - 48;
    const isDigit = digit >= 0 && digit <= 9;
    if (isDigit && !isInGroup) begins.push(digits.length);
    if (isDigit) digits.push(digit);
    isInGroup = isDigit;
  }
  begins.push(digits.length);
  for (let first = 0; first < begins.length; first++) {
    for (let last = first + 1; last < begins.length; last++) {
      const count = begins[last]! - begins[first]!;
      if (count > cardDigitsMax) break;
      if (count >= cardDigitsMin && hasCheckDigit(digits, begins[first]!, begins[last]!)) return true;
    }
  }
  return false;
}

function hasCheckDigit(digits: readonly number[], from: number, to: number): boolean {
  let sum = 0;
  for (let at = to - 1; at >= from; at--) {
    const digit = digits[at]!;
    const doubled = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += (to - at) % 2 === 0 ? doubled : digit;
  }
  return sum % 10 === 0;
}
