/**
 * Test payment methods of the sandbox and what becomes of a payment made with them: the same names and decline
 * codes as the real provider's test cards.
 */

export interface Decline {
  readonly code: string;
  readonly declineCode: string;
  readonly message: string;
}

/** It pays, and its bank disputes the charge as soon as the money is taken. */
export const disputingCard = 'pm_card_createDispute';
/** It pays, and its refunds, which succeed at first, come back from the bank. */
export const refundFailingCard = 'pm_card_refundFail';

const declined = (declineCode: string, message = 'Your card was declined.'): Decline => ({
  code: 'card_declined',
  declineCode,
  message,
});

export const authenticationRequired: Decline = {
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

/** null: the card pays. */
const declineByPaymentMethod: ReadonlyMap<string, Decline | null> = new Map([
  ['pm_card_visa', null],
  ['pm_card_mastercard', null],
  ['pm_card_amex', null],
  [disputingCard, null],
  [refundFailingCard, null],
  ['pm_card_chargeDeclined', declined('generic_decline')],
  [
    'pm_card_chargeDeclinedInsufficientFunds',
    declined('insufficient_funds', 'Your card has insufficient funds.'),
  ],
  ['pm_card_chargeDeclinedLostCard', declined('lost_card')],
  ['pm_card_chargeDeclinedStolenCard', declined('stolen_card')],
  [
    'pm_card_chargeDeclinedExpiredCard',
    { code: 'expired_card', declineCode: 'expired_card', message: 'Your card has expired.' },
  ],
  [
    'pm_card_chargeDeclinedProcessingError',
    {
      code: 'processing_error',
      declineCode: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
    },
  ],
  ['pm_card_authenticationRequired', authenticationRequired],
]);

/** undefined: no such payment method. */
export function declineOf(paymentMethod: string): Decline | null | undefined {
  return declineByPaymentMethod.get(paymentMethod);
}
