/** Case 04: money of an order that others move at the provider. */
import { describe, expect, test } from 'vitest';
import type { PaymentReported } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { OrderState } from '../../../src/actors/order/state.ts';
import { answered, authorizing, cancel, capturing, committing, confirmed, placedAt, usd } from './story.ts';

const total = 149_700;
const moved = (change: Partial<PaymentReported> = {}): PaymentReported => ({
  ...{ type: 'PaymentReported', paymentId: 'pi_1', status: 'refunded' },
  ...change,
});
const stands = (refunded: number, disputed: number | null = null) => ({
  captured: usd(total),
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

  test('of another payment is refused, whatever was told; before the order has one, too', () => {
    for (const status of ['refunded', 'refund_failed', 'disputed'] as const) {
      confirmed()
        .when(moved({ paymentId: 'pi_2', status }), placedAt + 10)
        .then({ code: 'not_found', events: [] });
      authorizing()
        .when(moved({ status }), placedAt + 10)
        .then({ code: 'not_found', events: [] });
    }
  });

  test('of one that the provider does not know, changes nothing', () => {
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

describe('case 04: a refund that did not reach the buyer', () => {
  const failed = moved({ status: 'refund_failed' });
  const cancelled = () =>
    confirmed()
      .when(cancel, placedAt + 10)
      .then({ code: 'ok' })
      .when(answered('release:h1'), placedAt + 11)
      .then({ code: 'ok' })
      .when(answered('release:h2'), placedAt + 12)
      .then({ code: 'ok' });
  const refunded = () =>
    cancelled()
      .when(answered('refund'), placedAt + 13)
      .then({
        code: 'ok',
        pushes: [{ body: { status: 'refunded', refunded: usd(total) } }],
        pendingMessages: [],
      });
  const kept = { status: 'cancelled', paymentStatus: 'captured', refunded: usd(0) };
  const looked = (at: number | string) => ({
    code: 'ok' as const,
    events: [{ type: 'PaymentQuestioned', paymentId: 'pi_1' }],
    pendingMessages: [{ id: `ord_1:examine:${at}`, command: { type: 'ExaminePayment', paymentId: 'pi_1' } }],
  });
  /** The order's own refund failed: the version of the question is that of the order. */
  const failedAfter = () =>
    refunded()
      .when(failed, placedAt + 14)
      .then(looked('14:undone'));

  test('of ours: the order is cancelled and its money here, nothing is given back by itself, and it is counted', () => {
    failedAfter()
      .when(answered('examine:14:undone', 'ok', stands(0)), placedAt + 15)
      .then({
        code: 'ok',
        events: [{ type: 'RefundExamined', paymentStatus: 'captured', refunded: usd(0) }],
        pushes: [{ body: kept }],
        pendingMessages: [],
      })
      // Told once more, and cancelled once more: no news.
      .when(failed, placedAt + 16)
      .then({ code: 'ok', events: [] })
      .when(cancel, placedAt + 17)
      .then({ code: 'ok', events: [], reply: kept });
    const event = { type: 'RefundExamined', paymentStatus: 'captured', refunded: usd(0) } as const;
    const counted = (change: object) =>
      orderDecider.counts!({ ...event, disputed: null, atMs: 1, ...change });
    expect(counted({})).toMatchObject({ name: 'doorbuster_refunds_failed_total' });
    expect(counted({ paymentStatus: 'refunded' })).toBeNull();
  });

  test('given back in another way later, it is refunded after all', () => {
    failedAfter()
      .when(answered('examine:14:undone', 'ok', stands(5_000)), placedAt + 15)
      .then({ code: 'ok', pushes: [{ body: { status: 'cancelled', paymentStatus: 'partially_refunded' } }] })
      .when(moved({ refunded: usd(total) }), placedAt + 16)
      .then(looked(16))
      .when(answered('examine:16', 'ok', stands(total)), placedAt + 17)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentExamined', paymentStatus: 'refunded' }],
        pushes: [{ body: { status: 'refunded', paymentStatus: 'refunded', refunded: usd(total) } }],
        pendingMessages: [],
      });
  });

  test('a failure that the provider does not confirm changes nothing that is shown', () => {
    const shown = { status: 'refunded', paymentStatus: 'refunded', refunded: usd(total) };
    for (const answer of [
      answered('examine:14:undone', 'ok', stands(total)),
      answered('examine:14:undone', 'payment_failed', { reason: 'resource_missing' }),
    ])
      failedAfter()
        .when(answer, placedAt + 15)
        .then({
          code: 'ok',
          events: [{ type: 'RefundExamined', paymentStatus: 'refunded' }],
          pushes: [{ body: shown }],
          pendingMessages: [],
        });
  });

  test('faster than the refund’s own answer, it is asked for after that', () => {
    cancelled()
      .when(failed, placedAt + 13)
      .then({
        code: 'ok',
        events: [{ type: 'PaymentQuestioned' }],
        pendingMessages: [{ id: 'ord_1:refund' }],
      })
      .when(failed, placedAt + 14)
      .then({ code: 'ok', events: [] })
      .when(answered('refund'), placedAt + 15)
      .then({ code: 'ok', pendingMessages: [{ id: 'ord_1:examine:13:undone' }] })
      .when(answered('examine:13:undone', 'ok', stands(0)), placedAt + 16)
      .then({ code: 'ok', pushes: [{ body: kept }], pendingMessages: [] });
  });

  test('a look from before the refund, whose answer comes after it, says nothing of it', () => {
    const { story, step } = told();
    story
      .when(cancel, placedAt + 11)
      .then({ code: 'ok' })
      .when(answered('refund'), placedAt + 12)
      .then({ code: 'ok', pushes: [{ body: { status: 'refunded' } }] })
      .when(answered(step, 'ok', stands(5_000)), placedAt + 13)
      .then({ code: 'ok', events: [] })
      .when(answered(`${step}:undone`, 'ok', stands(total)), placedAt + 14)
      .then({ code: 'ok', pushes: [{ body: { status: 'refunded', refunded: usd(total) } }] });
  });

  test('of others: a whole refund of a confirmed order leaves it cancelled, with the money here', () => {
    const { story, step } = told();
    story
      .when(answered(step, 'ok', stands(total)), placedAt + 11)
      .then({ code: 'ok', pushes: [{ body: { status: 'refunded' } }] })
      .when(failed, placedAt + 12)
      .then({ code: 'ok', events: [{ type: 'PaymentQuestioned' }] })
      .when(answered('examine:12:undone', 'ok', stands(0)), placedAt + 13)
      .then({ code: 'ok', pushes: [{ body: kept }] });
  });

  test('older than the newest look, it is asked for anew; where nothing counts as given back, it is no news', () => {
    const { story, step } = told();
    story
      .when(failed, placedAt + 11)
      .then(looked(11))
      .when(answered(step, 'ok', stands(5_000)), placedAt + 12)
      .then({ code: 'ok', events: [] })
      .when(answered('examine:11', 'ok', stands(0)), placedAt + 13)
      .then({ code: 'ok', events: [{ type: 'PaymentExamined', paymentStatus: 'captured' }] })
      .when(failed, placedAt + 14)
      .then({ code: 'ok', events: [] });
  });

  test('of a payment that was taken although it counts as voided: the money is shown as here', () => {
    const voided = () =>
      committing()
        .when(answered('commit:h1', 'exists_with_different'), placedAt + 4)
        .then({ code: 'ok', events: [{ type: 'OrderFailed' }] })
        .when(answered('void:pi_1'), placedAt + 5)
        .then({ code: 'ok', events: [{ type: 'PaymentSettled', paymentStatus: 'voided' }] })
        .when(failed, placedAt + 6)
        .then({ code: 'ok', events: [{ type: 'PaymentQuestioned' }] });
    voided()
      .when(answered('examine:8:undone', 'ok', stands(0)), placedAt + 7)
      .then({ code: 'ok', pushes: [{ body: { status: 'cancelled', paymentStatus: 'captured' } }] });
    voided()
      .when(answered('examine:8:undone', 'ok', { ...stands(0), captured: usd(0) }), placedAt + 7)
      .then({ code: 'ok', pushes: [{ body: { status: 'cancelled', paymentStatus: 'voided' } }] });
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
