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
export function refuseCardFields(value: unknown, path = '', isBelowCard = false): void {
  if (typeof value === 'string' || typeof value === 'number') {
    if (isBelowCard && holdsCardNumber(String(value))) throw cardRefused(path);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value))
      refuseCardFields(part, path + pointer(name), isBelowCard || saysCard(name));
  }
}

/** Refuses with `card_data_refused`. */
export function refuseCardIn(text: string, path: string): void {
  if (text.length >= cardDigitsMin && holdsCardNumber(text)) throw cardRefused(path);
}

/** Digits, and the blanks and dashes that people put between them. */
const digitGroups = /\d[\d\s\p{Pd}]{11,}\d/gu;

/** Whether some of a text's groups of digits, one after another, are a card number. */
export function holdsCardNumber(text: string): boolean {
  for (const [run] of text.matchAll(digitGroups)) if (isCardAmong(run.split(/\D+/))) return true;
  return false;
}

function isCardAmong(groups: readonly string[]): boolean {
  return groups.some((_, first) => {
    let digits = '';
    for (let next = first; next < groups.length && digits.length < cardDigitsMax; next++) {
      digits += groups[next];
      if (digits.length >= cardDigitsMin && digits.length <= cardDigitsMax && hasCheckDigit(digits))
        return true;
    }
    return false;
  });
}

function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += i % 2 === 1 ? doubled : digit;
  }
  return sum % 10 === 0;
}
