import { expect, test } from 'vitest';
import { holdsCardNumber, refuseCardFields } from '../../src/gateway/cards.ts';
import { parseJson } from '../../src/gateway/json.ts';

test('card numbers are told by length and check digit, wherever they stand in a text', () => {
  for (const text of [
    '4242424242424242',
    '378282246310005',
    '6011 1111 1111 1117',
    '4222222222222',
    '5555-5555-5555-4444',
    'my card is 4242 4242 4242 4242, thanks',
    '12 Main St 4242424242424242',
    '4242  4242 - 4242  4242 12/29',
    '4242 4242 4242 4242 1229 123',
    '1 4242 4242 4242 4242',
  ])
    expect([text, holdsCardNumber(text)]).toEqual([text, true]);
  for (const text of [
    '4242424242424241',
    '424242424242',
    '42424242424242424242',
    'pm_card_visa',
    '',
    '4242 4242 4242 425x',
    '4242.4242.4242.4242',
    '12345 Long Street 678',
  ])
    expect([text, holdsCardNumber(text)]).toEqual([text, false]);
});

test('a number under a name that says card is refused, however deep and whatever its type', () => {
  for (const value of [
    { card: 4_242_424_242_424_242 },
    { card: { x: ['4242424242424242'] } },
    { payment_method_data: { details: { n: 'nr 4242 4242 4242 4242' } } },
    [{ accountNumber: '4242424242424242' }],
  ])
    expect(() => refuseCardFields(value)).toThrow('Card numbers');
  refuseCardFields({ sku: '4242424242424242', ean: 4_242_424_242_424_242 });
});

test('a card number is a card number in escapes, too', () => {
  const escaped = [...'4242424242424242'].map((digit) => `\\u003${digit}`).join('');
  const body = Buffer.from(`{"paymentMethod":"pm_${escaped}"}`);
  expect(() => parseJson(body)).toThrow('Card numbers');
});
