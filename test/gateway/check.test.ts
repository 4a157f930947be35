import { expect, test } from 'vitest';
import { isCardNumber } from '../../src/gateway/check.ts';

test('card numbers are told by length and check digit', () => {
  for (const card of [
    '4242424242424242',
    '378282246310005',
    '6011 1111 1111 1117',
    '4222222222222',
    '5555-5555-5555-4444',
  ])
    expect([card, isCardNumber(card)]).toEqual([card, true]);
  for (const text of [
    '4242424242424241',
    '424242424242',
    '42424242424242424242',
    'pm_card_visa',
    '',
    '4242 4242 4242 424x',
  ])
    expect([text, isCardNumber(text)]).toEqual([text, false]);
});
