/** What becomes of an order that cannot be, is cancelled, or hears from the provider at odd times. */
import { describe, test } from 'vitest';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import { given } from '../given.ts';
import {
  answered,
  authorized,
  authorizing,
  cancel,
  capturing,
  committing,
  confirmed,
  hold,
  payByMs,
  placed,
  placedAt,
  usd,
} from './story.ts';

describe('an order that cannot be', () => {
  test('when a hold is gone, the others are released once they are known to be taken', () => {
    placed()
      .when(answered('attach:h1', 'hold_expired'), placedAt + 1)
      .then({
        code: 'ok',
        events: [
          { type: 'LineRefused', sku: 'PS-1', code: 'hold_expired' },
          { type: 'OrderFailed', status: 'cancelled', code: 'hold_expired', sku: 'PS-1' },
        ],
        pushes: [{ body: { status: 'cancelled', failure: { code: 'hold_expired', sku: 'PS-1' } } }],
        pendingMessages: [{ id: 'ord_1:attach:h2' }],
        deadline: Number.POSITIVE_INFINITY,
      })
      .when(answered('attach:h2', 'ok', hold('h2', 'PS-2')), placedAt + 2)
      .then({
        code: 'ok',
        events: [{ type: 'LineTaken' }],
        pendingMessages: [{ id: 'ord_1:release:h2', key: 'PS-2' }],
      })
      .when(answered('release:h2'), placedAt + 3)
      .then({ code: 'ok', events: [{ type: 'LineReleased', holdId: 'h2' }], pendingMessages: [] });
  });

  test('a second refusal is noted and does not change why the order failed', () => {
    placed()
      .when(answered('attach:h1', 'hold_expired'), placedAt + 1)
      .then({ code: 'ok' })
      .when(answered('attach:h2', 'not_found'), placedAt + 2)
      .then({
        code: 'ok',
        events: [{ type: 'LineRefused', code: 'not_found' }],
        pushes: [{ body: { status: 'cancelled', failure: { code: 'hold_expired', sku: 'PS-1' } } }],
        pendingMessages: [],
      });
  });

  test('lines in two currencies are refused', () => {
    placed()
      .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt)
      .then({ code: 'ok' })
      .when(
        answered('attach:h2', 'ok', hold('h2', 'PS-2', { unitPrice: { amount: 5, currency: 'JPY' } })),
        placedAt,
      )
      .then({
        code: 'ok',
        events: [
          { type: 'LineTaken' },
          { type: 'OrderFailed', status: 'cancelled', code: 'validation_failed' },
        ],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
  });

  test('a declined card ends the order and frees the units; nothing is to be voided', () => {
    authorizing()
      .when(
        answered('authorize', 'payment_declined', { paymentId: 'pi_1', declineCode: 'insufficient_funds' }),
        placedAt,
      )
      .then({
        code: 'ok',
        events: [
          { type: 'PaymentDeclined', paymentId: 'pi_1', declineCode: 'insufficient_funds' },
          {
            type: 'OrderFailed',
            status: 'payment_failed',
            code: 'payment_declined',
            declineCode: 'insufficient_funds',
          },
        ],
        pushes: [{ body: { paymentStatus: 'failed', failure: { code: 'payment_declined' } } }],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
  });

  test('a payment that failed for good needs no voiding; any other answer may hide an authorisation', () => {
    authorizing()
      .when(answered('authorize', 'payment_failed', { reason: 'no such payment method' }), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentFailed', reason: 'no such payment method' }, { status: 'payment_failed' }],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      });
    authorizing()
      .when(answered('authorize', 'internal_error'), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', status: 'payment_failed' }],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void' }],
      });
  });

  test('when the time to pay ends, holds are released and whatever was authorised is voided', () => {
    placed()
      .when({ type: 'Tick' }, payByMs - 1)
      .then({ code: 'ok', events: [] })
      .when({ type: 'Tick' }, payByMs)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'expired', code: 'hold_expired' }] })
      .when({ type: 'Tick' }, payByMs + 1)
      .then({ code: 'ok', events: [] });
    authorizing()
      .when({ type: 'Tick' }, payByMs)
      .then({
        code: 'ok',
        pendingMessages: [
          { id: 'ord_1:release:h1' },
          { id: 'ord_1:release:h2' },
          {
            id: 'ord_1:void',
            command: { type: 'VoidPayment', paymentId: null, idempotencyKey: 'ord_1:void' },
          },
        ],
      })
      .when(answered('void'), payByMs + 1)
      .then({ code: 'ok', events: [{ type: 'PaymentSettled', paymentStatus: 'voided' }] });
  });

  test('an authorisation that comes after the end is voided by name, once', () => {
    const voidByName = {
      id: 'ord_1:void:pi_1',
      command: { paymentId: 'pi_1', idempotencyKey: 'ord_1:void:pi_1' },
    };
    authorizing()
      .when(cancel, placedAt + 3)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'cancelled', code: 'ok' }] })
      .when(answered('release:h1'), placedAt + 4)
      .then({ code: 'ok' })
      .when(answered('release:h2'), placedAt + 4)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:void' }] })
      .when(answered('void'), placedAt + 5)
      .then({ code: 'ok', pendingMessages: [] })
      .when(authorized, placedAt + 6)
      .then({ code: 'ok', events: [{ type: 'PaymentAuthorized' }], pendingMessages: [voidByName] })
      .when(answered('void'), placedAt + 7)
      .then({ code: 'ok', events: [], pendingMessages: [voidByName] })
      .when(answered('void:pi_1'), placedAt + 8)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentSettled', paymentStatus: 'voided' }],
        pendingMessages: [],
      })
      .when(authorized, placedAt + 9)
      .then({ code: 'ok', events: [], pendingMessages: [] })
      .when({ type: 'PaymentReported', paymentId: 'pi_1', status: 'authorized' }, placedAt + 9)
      .then({ code: 'ok', events: [], pendingMessages: [] });
  });
});

test('an authorisation reported before the blind void is answered is voided by name instead', () => {
  authorizing()
    .when(cancel, placedAt + 3)
    .then({ code: 'ok' })
    .when({ type: 'PaymentReported', paymentId: 'pi_1', status: 'authorized' }, placedAt + 4)
    .then({
      code: 'ok',
      events: [{ type: 'PaymentAuthorized', paymentId: 'pi_1' }],
      pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
    });
});

describe('a hold that died after payment', () => {
  const lost = () =>
    committing()
      .when(answered('commit:h1', 'hold_expired'), payByMs + 90_000)
      .then({
        code: 'ok',
        events: [{ type: 'LineLost', holdId: 'h1', newHoldId: 'h1:again' }],
        pendingMessages: [
          {
            id: 'ord_1:retake:h1:again',
            key: 'PS-1',
            command: { type: 'RetakeHold', holdId: 'h1:again', replaces: 'h1', untilMs: payByMs + 150_000 },
          },
          { id: 'ord_1:commit:h2' },
        ],
      });

  test('is taken again and committed under its new id', () => {
    lost()
      .when(answered('retake:h1:again', 'created', hold('h1:again', 'PS-1')), payByMs + 90_001)
      .then({
        code: 'ok',
        events: [{ type: 'LineRetaken', holdId: 'h1', newHoldId: 'h1:again' }],
        pushes: [{ body: { lines: [{ holdId: 'h1:again' }, { holdId: 'h2' }] } }],
        pendingMessages: [{ id: 'ord_1:commit:h1:again' }, { id: 'ord_1:commit:h2' }],
      })
      .when(answered('commit:h1:again', 'hold_expired'), payByMs + 200_000)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', status: 'cancelled', code: 'hold_expired' }],
        pendingMessages: [
          { id: 'ord_1:release:h1:again' },
          { id: 'ord_1:release:h2' },
          { id: 'ord_1:void:pi_1' },
        ],
      });
  });

  test('and cannot be had again ends the order: nothing is captured, everything is undone', () => {
    lost()
      .when(answered('commit:h2'), payByMs + 90_001)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:retake:h1:again' }] })
      .when(answered('retake:h1:again', 'sold_out', { available: 0 }), payByMs + 90_002)
      .then({
        code: 'ok',
        events: [
          { type: 'LineRefused', holdId: 'h1', code: 'sold_out', available: 0 },
          { type: 'OrderFailed', status: 'cancelled', code: 'sold_out', sku: 'PS-1', available: 0 },
        ],
        pendingMessages: [{ id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      })
      .when(answered('void:pi_1'), payByMs + 90_003)
      .then({ code: 'ok', pushes: [{ body: { status: 'cancelled', paymentStatus: 'voided' } }] });
  });

  test('when another line fails first, the order still learns what became of it and releases it', () => {
    lost()
      .when(answered('commit:h2', 'hold_in_use'), payByMs + 90_001)
      .then({
        code: 'ok',
        events: [{ type: 'OrderFailed', code: 'hold_in_use', sku: 'PS-2' }],
        pendingMessages: [
          { id: 'ord_1:retake:h1:again' },
          { id: 'ord_1:release:h2' },
          { id: 'ord_1:void:pi_1' },
        ],
      })
      .when(answered('retake:h1:again', 'created', hold('h1:again', 'PS-1')), payByMs + 90_002)
      .then({
        code: 'ok',
        pendingMessages: [
          { id: 'ord_1:release:h1:again' },
          { id: 'ord_1:release:h2' },
          { id: 'ord_1:void:pi_1' },
        ],
      });
  });
});

describe('cancelling', () => {
  test('before the stock is committed undoes at once, and again is the same', () => {
    placed()
      .when(cancel, placedAt + 1)
      .then({ code: 'ok', reply: { status: 'cancelled', failure: null } })
      .when(cancel, placedAt + 2)
      .then({ code: 'ok', events: [], reply: { status: 'cancelled' } });
  });

  test('while the stock is being committed is too late, and so it is for an order that failed', () => {
    committing()
      .when(cancel, placedAt + 9)
      .then({ code: 'wrong_state', events: [] });
    authorizing()
      .when(answered('authorize', 'payment_declined'), placedAt)
      .then({ code: 'ok' })
      .when(cancel, placedAt + 9)
      .then({ code: 'wrong_state' });
  });

  test('a confirmed order gives the money back and the units too', () => {
    confirmed()
      .when(cancel, placedAt + 7)
      .then({
        code: 'ok',
        reply: { status: 'cancelled', paymentStatus: 'captured' },
        pendingMessages: [
          { id: 'ord_1:release:h1' },
          { id: 'ord_1:release:h2' },
          { id: 'ord_1:refund', command: { type: 'RefundPayment', paymentId: 'pi_1', amount: usd(149_700) } },
        ],
      })
      .when(answered('refund'), placedAt + 8)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentSettled', paymentStatus: 'refunded' }],
        pushes: [{ body: { status: 'refunded', paymentStatus: 'refunded' } }],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
      })
      .when(cancel, placedAt + 9)
      .then({ code: 'ok', events: [], reply: { status: 'refunded' } });
  });

  test('a capture that failed for good voids the authorisation and returns the units', () => {
    capturing()
      .when(answered('capture', 'payment_failed', { reason: 'expired' }), placedAt + 6)
      .then({
        code: 'ok',
        events: [
          { type: 'PaymentFailed', reason: 'expired' },
          { type: 'OrderFailed', status: 'payment_failed', code: 'payment_failed' },
        ],
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });
});

describe("the provider's reports", () => {
  const report = (
    status: 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined',
    paymentId = 'pi_1',
  ) => ({ type: 'PaymentReported', paymentId, status, declineCode: 'do_not_honor' }) as const;

  test('count as the answer when they come first; the answer then changes nothing', () => {
    authorizing()
      .when(report('authorized'), placedAt)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentAuthorized' }],
        pendingMessages: [{ id: 'ord_1:commit:h1' }, {}],
      })
      .when(authorized, placedAt)
      .then({ code: 'ok', events: [] });
    capturing()
      .when(report('captured'), placedAt)
      .then({ code: 'ok', events: [{ type: 'PaymentCaptured' }, { type: 'OrderConfirmed' }] })
      .when(answered('capture'), placedAt)
      .then({ code: 'ok', events: [] });
    authorizing()
      .when(report('declined'), placedAt)
      .then({ code: 'ok', events: [{ type: 'PaymentDeclined' }, { declineCode: 'do_not_honor' }] })
      .when(answered('authorize', 'payment_declined'), placedAt)
      .then({ code: 'ok', events: [] });
  });

  test('that come early, late or twice change nothing', () => {
    const silent = { code: 'ok', events: [], pushes: [] } as const;
    placed()
      .when(report('authorized'), placedAt)
      .then(silent)
      .when(report('captured'), placedAt)
      .then(silent);
    committing()
      .when(report('captured'), placedAt)
      .then(silent)
      .when(report('authorized'), placedAt)
      .then(silent)
      .when(report('declined'), placedAt)
      .then(silent);
    capturing().when(report('captured', 'pi_other'), placedAt).then(silent);
    confirmed()
      .when(report('captured'), placedAt)
      .then(silent)
      .when(report('voided'), placedAt)
      .then(silent)
      .when(report('authorized'), placedAt)
      .then(silent);
    given(orderDecider, 'ord_1').when(report('captured'), placedAt).then({ code: 'not_found', events: [] });
  });

  test('of an authorisation after a decline has it voided', () => {
    authorizing()
      .when(report('declined'), placedAt)
      .then({ code: 'ok' })
      .when(report('authorized'), placedAt)
      .then({
        code: 'ok',
        pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }, { id: 'ord_1:void:pi_1' }],
      });
  });
});

test('a refund that fails leaves the money here and the order cancelled: people decide', () => {
  confirmed()
    .when(cancel, placedAt + 7)
    .then({ code: 'ok' })
    .when(answered('refund', 'payment_failed', { reason: 'refund_failed' }), placedAt + 8)
    .then({
      code: 'ok',
      events: [{ type: 'RefundExamined', paymentStatus: 'captured', refunded: usd(0), disputed: null }],
      pushes: [{ body: { status: 'cancelled', paymentStatus: 'captured' } }],
      pendingMessages: [{ id: 'ord_1:release:h1' }, { id: 'ord_1:release:h2' }],
    });
});
