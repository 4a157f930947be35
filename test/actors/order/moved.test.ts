/** Case 04: money of an order that others move at the provider. */
import { describe, expect, test } from 'vitest';
import type { PaymentReported } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { OrderState } from '../../../src/actors/order/state.ts';
import { answered, cancel, capturing, confirmed, placedAt, usd } from './story.ts';

const total = 149_700;
const moved = (change: Partial<PaymentReported> = {}): PaymentReported => ({
  ...{ type: 'PaymentReported', paymentId: 'pi_1', status: 'refunded' },
  ...change,
});
const stands = (refunded: number, disputed: number | null = null) => ({
  refunded: usd(refunded),
  disputed: disputed === null ? null : usd(disputed),
});

/** A confirmed order that was told, and asks under the id that the step names. */
function told(report = moved()) {
  const story = confirmed()
    .when(report, placedAt + 10)
    .then({
      code: 'ok',
      events: [{ type: 'PaymentQuestioned', paymentId: 'pi_1' }],
      pendingMessages: [{ kind: 'payments', command: { type: 'ExaminePayment', paymentId: 'pi_1' } }],
    });
  return { story, step: 'examine:10' };
}

describe('case 04: money given back by others', () => {
  test('whole: the order is refunded, and its units go back', () => {
    const { story, step } = told();
    story.when(answered(step, 'ok', stands(total)), placedAt + 11).then({
      code: 'ok',
      events: [{ type: 'PaymentExamined', paymentStatus: 'refunded', refunded: usd(total), disputed: null }],
      pushes: [{ body: { status: 'refunded', paymentStatus: 'refunded', refunded: usd(total) } }],
      pendingMessages: [{ command: { type: 'ReleaseHold' } }, { command: { type: 'ReleaseHold' } }],
    });
  });

  test('in part: shown as a part; told again it is no news; a cancellation gives back what is left', () => {
    const { story, step } = told();
    story
      .when(answered(step, 'ok', stands(5_000)), placedAt + 11)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentExamined', paymentStatus: 'partially_refunded' }],
        pushes: [
          { body: { status: 'confirmed', paymentStatus: 'partially_refunded', refunded: usd(5_000) } },
        ],
        pendingMessages: [],
      })
      .when(moved({ refunded: usd(5_000) }), placedAt + 12)
      .then({ code: 'ok', events: [] })
      .when(cancel, placedAt + 13)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'cancelled' }] })
      .when(moved({ refunded: usd(total) }), placedAt + 14)
      .then({ code: 'ok', events: [] })
      .when(answered('refund'), placedAt + 15)
      .then({
        code: 'ok',
        pushes: [{ body: { status: 'refunded', paymentStatus: 'refunded', refunded: usd(total) } }],
      })
      .when(moved(), placedAt + 16)
      .then({ code: 'ok', events: [] });
  });

  test('an answer that is older than the newest report is not the last word', () => {
    const { story, step } = told();
    story
      .when(moved(), placedAt + 11)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:examine:11' }] })
      .when(answered(step, 'ok', stands(0)), placedAt + 12)
      .then({ code: 'ok', events: [], pendingMessages: [{ id: 'ord_1:examine:11' }] })
      .when(answered('examine:11', 'ok', stands(total)), placedAt + 13)
      .then({ code: 'ok', events: [{ type: 'PaymentExamined', paymentStatus: 'refunded' }] });
  });

  test('a part that the bank could not give back after all is taken off again', () => {
    const { story, step } = told();
    story
      .when(answered(step, 'ok', stands(5_000)), placedAt + 11)
      .then({ code: 'ok' })
      .when(moved(), placedAt + 12)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:examine:12' }] })
      .when(answered('examine:12', 'ok', stands(0)), placedAt + 13)
      .then({ code: 'ok', pushes: [{ body: { paymentStatus: 'captured', refunded: usd(0) } }] });
  });

  test('told before the capture’s own answer, it is asked once the money is here', () => {
    capturing()
      .when(moved(), placedAt + 6)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentQuestioned' }],
        pendingMessages: [{ id: 'ord_1:capture' }],
      })
      .when(moved(), placedAt + 7)
      .then({ code: 'ok', events: [] })
      .when(answered('capture'), placedAt + 8)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentCaptured' }, { type: 'OrderConfirmed' }],
        pendingMessages: [{ command: { type: 'ExaminePayment' } }],
      });
  });

  test('of another payment, or one that the provider does not know, changes nothing', () => {
    confirmed()
      .when(moved({ paymentId: 'pi_2' }), placedAt + 10)
      .then({ code: 'ok', events: [] });
    const { story, step } = told();
    story.when(answered(step, 'payment_failed', { reason: 'resource_missing' }), placedAt + 11).then({
      code: 'ok',
      events: [{ type: 'PaymentExamined', paymentStatus: 'captured', refunded: usd(0), disputed: null }],
      pendingMessages: [],
    });
  });
});

describe('case 04: money taken back by a bank', () => {
  test('is shown, keeps the goods sold, and bars the cancellation until the dispute is won', () => {
    const { story, step } = told(moved({ status: 'disputed' }));
    story
      .when(answered(step, 'ok', stands(0, total)), placedAt + 11)
      .then({
        code: 'ok',
        pushes: [{ body: { status: 'confirmed', paymentStatus: 'captured', disputed: usd(total) } }],
        pendingMessages: [],
      })
      .when(cancel, placedAt + 12)
      .then({ code: 'wrong_state' })
      .when(moved({ status: 'disputed' }), placedAt + 13)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:examine:12' }] })
      .when(answered('examine:12', 'ok', stands(0)), placedAt + 14)
      .then({ code: 'ok', pushes: [{ body: { disputed: null } }] })
      .when(cancel, placedAt + 15)
      .then({ code: 'ok', events: [{ type: 'OrderFailed', status: 'cancelled' }] });
  });
});

test('case 04: a refunded order that was saved before refunds were counted has all of its money back', () => {
  const state = orderDecider.initial('ord_1') as OrderState;
  const { refunded, disputed, questionedAt, ...before } = state;
  const saved = { ...before, payment: 'refunded', priced: { total: usd(total) } };
  expect(orderDecider.restore('ord_1', saved, 1)).toMatchObject({
    ...{ refunded: total, disputed: null, questionedAt: null },
  });
});
