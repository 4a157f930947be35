/** The ways in which it can travel, as a quote offers them. */
import type { Quote } from '../../market/checkout/schemas.ts';
import { money, shortDate } from '../format.ts';
import { cartWords } from '../words-cart.ts';
import { Choice } from './choice.tsx';

const text = cartWords.checkout;

interface ShippingChoiceProps {
  readonly options: Quote['shippingOptions'];
  readonly value: string | null;
  readonly onChange: (method: string) => void;
}

export function ShippingChoice({ options, value, onChange }: ShippingChoiceProps) {
  if (options.length === 0) return null;
  return (
    <Choice
      label={text.shipping}
      name="shippingMethod"
      value={value ?? ''}
      options={options.map(({ method, amount, estimatedDelivery }) => ({
        ...{ value: method, text: text.method(method) },
        note: `${text.arrives(shortDate(`${estimatedDelivery}T12:00:00`))} · ${amount.amount === 0 ? text.free : money(amount)}`,
      }))}
      onChange={onChange}
    />
  );
}
