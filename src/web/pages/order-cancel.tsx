/** Cancelling an order as long as the API allows it; afterwards why it is too late. */
import { useState } from 'preact/hooks';
import type { Order } from '../../market/orders/schemas.ts';
import { ApiError, call } from '../api.ts';
import { money } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { peopleWords } from '../words-people.ts';

const text = peopleWords.order;

/** null: it can be cancelled; empty: nobody would want to. */
function whyNot({ status, disputed }: Order): string | null {
  if (disputed != null && disputed.amount > 0) return text.inDispute;
  if (['pending', 'authorizing', 'confirmed'].includes(status)) return null;
  if (status === 'committing') return text.notNow;
  return ['shipped', 'delivered'].includes(status) ? text.tooLate : '';
}

export function CancelOrder({ order, onChange }: { readonly order: Order; readonly onChange: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const reason = whyNot(order);
  const cancel = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await call('POST', `/v1/orders/${order.orderId}/cancel`);
      setAsking(false);
      // The button is about to go: what has become of the order is read next.
      requestAnimationFrame(() => document.getElementById('state')?.focus());
    } catch (error) {
      const hasMoved = error instanceof ApiError && error.status === 409;
      setProblem(hasMoved ? text.changed : sentenceOf(error));
    } finally {
      setBusy(false);
      onChange();
    }
  };
  const close = () => {
    setAsking(false);
    setProblem(null);
  };
  return (
    <>
      {reason !== null && reason !== '' && <p class="quiet">{reason}</p>}
      {reason === null && (
        <p>
          <button type="button" onClick={() => setAsking(true)}>
            {text.cancel}
          </button>
        </p>
      )}
      {isAsking && (
        <Dialog
          {...{ title: text.cancelTitle, stay: text.keep, act: text.cancel, isBusy, problem }}
          onAct={cancel}
          onClose={close}
        >
          <p>
            {order.paymentStatus === 'captured' ? text.cancelPaid(money(order.total)) : text.cancelUnpaid}
          </p>
        </Dialog>
      )}
    </>
  );
}
