/** The form of a checkout: an address, saved or typed, the way of shipping and what pays. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { SavedAddress } from '../../../market/accounts/schemas.ts';
import { money } from '../../format.ts';
import { AddressFields, addressLines, readAddress } from '../../parts/address-fields.tsx';
import { useAnswer } from '../../parts/answer.ts';
import { CardChoice } from '../../parts/card-choice.tsx';
import { goOnByEnter } from '../../parts/enter.ts';
import { fieldProblemsOf, useFocusOnProblem } from '../../parts/field-problems.ts';
import { payments } from '../../parts/payments.ts';
import { addressPointer, refusedText } from '../../parts/refused-checkout.ts';
import { ShippingChoice } from '../../parts/shipping-choice.tsx';
import { sentenceOf } from '../../parts/trouble.tsx';
import { isSignedIn } from '../../session.ts';
import { cartWords } from '../../words-cart.ts';
import { draft, keepDraft } from '../drop/draft.ts';
import type { CheckoutDesk, Destination } from './desk.ts';

const text = cartWords.checkout;
const another = 'another';

export function CheckoutForm({ desk }: { readonly desk: CheckoutDesk }) {
  const [initial] = useState(() => draft.peek().address);
  const [addressId, setAddressId] = useState<string>(another);
  const { paymentMethod, declinedMethod } = draft.value;
  const refusal = desk.refusal.value;
  const problems = fieldProblemsOf(refusal);
  const form = useFocusOnProblem(refusal);
  const quote = desk.quote.value;
  const destinationOf = (element: HTMLFormElement): NonNullable<Destination> =>
    addressId === another ? { shippingAddress: readAddress(element) } : { shippingAddressId: addressId };
  /** One that is not whole yet does for nothing. */
  const tell = () => {
    const element = form.current;
    if (element === null) return;
    if (addressId === another) keepDraft({ address: readAddress(element) });
    desk.goesTo(element.checkValidity() ? destinationOf(element) : null);
  };
  useEffect(tell, [addressId]);
  const isFree = quote !== null && quote.total.amount === 0;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    desk.pay(destinationOf(event.currentTarget as HTMLFormElement), isFree ? null : paymentMethod);
  };
  return (
    <form
      class="form"
      ref={form}
      aria-label={text.form}
      onSubmit={submit}
      onKeyDown={goOnByEnter}
      onInput={tell}
    >
      <section class="form">
        <h2>{text.address}</h2>
        {isSignedIn.value && <SavedAddresses value={addressId} onChange={setAddressId} />}
        {addressId === another && (
          <AddressFields initial={initial} problems={problems} pointer={addressPointer} />
        )}
      </section>
      <ShippingChoice
        options={quote?.shippingOptions ?? []}
        value={desk.method.value ?? quote?.shippingMethod ?? null}
        onChange={(method) => desk.choose(method)}
      />
      {!isFree && (
        <CardChoice
          value={paymentMethod}
          declined={declinedMethod}
          onChange={(value) => keepDraft({ paymentMethod: value })}
        />
      )}
      <Pay desk={desk} isFree={isFree} problem={refusal && refusedText(refusal, problems)} />
    </form>
  );
}

interface SavedAddressesProps {
  readonly value: string;
  readonly onChange: (addressId: string) => void;
}

function SavedAddresses({ value, onChange }: SavedAddressesProps) {
  const id = useId();
  const { value: answer } = useAnswer<{ readonly items: readonly SavedAddress[] }>('/v1/me/addresses');
  const isFirst = useRef(true);
  useEffect(() => {
    const preferred = answer?.items.find(({ isDefault }) => isDefault) ?? answer?.items[0];
    if (isFirst.current && preferred !== undefined) onChange(preferred.addressId);
    if (answer !== null) isFirst.current = false;
  }, [answer]);
  if (answer === null || answer.items.length === 0) return null;
  return (
    <div class="field">
      <label for={id}>{text.saved}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {answer.items.map((address) => (
          <option key={address.addressId} value={address.addressId}>
            {addressLines(address).join(', ')}
          </option>
        ))}
        <option value={another}>{text.another}</option>
      </select>
    </div>
  );
}

interface PayProps {
  readonly desk: CheckoutDesk;
  readonly isFree: boolean;
  readonly problem: string | null;
}

function Pay({ desk, isFree, problem }: PayProps) {
  const { quote, quoteError, isPaying, isCounting, notice } = desk;
  const isCounted = quote.value !== null && !isCounting.value;
  const said = notice.value ?? problem;
  const pay = isFree ? text.payNothing : text.pay(money(quote.value?.total));
  const isStripe = payments.value === 'stripe' && !isFree;
  return (
    <div class="pay">
      {said !== null && (
        <p class="problem" role="alert">
          {said}
        </p>
      )}
      {quoteError.value !== null && (
        <p class="problem" role="alert">
          {sentenceOf(quoteError.value)}
        </p>
      )}
      {/* Not disabled while it pays: that would take the focus away. */}
      <button
        type="submit"
        class="primary go"
        disabled={isStripe}
        aria-disabled={isPaying.value || !isCounted}
      >
        {isPaying.value ? text.paying : isCounted ? pay : text.counting}
      </button>
      <p class="quiet small" role="status">
        {isPaying.value ? text.payingText : text.once}
      </p>
      <a href="/cart">{text.backToCart}</a>
    </div>
  );
}
