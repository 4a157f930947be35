/** Units that are held: the time, the form, what it comes to, and the button that pays. */
import './held.css';
import { useState } from 'preact/hooks';
import { count, money } from '../../format.ts';
import { AddressFields, readAddress } from '../../parts/address-fields.tsx';
import { CardChoice } from '../../parts/card-choice.tsx';
import { Choice } from '../../parts/choice.tsx';
import { goOnByEnter } from '../../parts/enter.ts';
import { fieldProblemsOf } from '../../parts/field-problems.ts';
import { payments } from '../../parts/payments.ts';
import { Picture } from '../../parts/picture.tsx';
import { QuoteFigures } from '../../parts/quote-figures.tsx';
import { addressPointer, refusedText } from '../../parts/refused-checkout.ts';
import { ShippingChoice } from '../../parts/shipping-choice.tsx';
import { Timer } from '../../parts/timer.tsx';
import { Warning } from '../../parts/warning.tsx';
import { words } from '../../words-drop.ts';
import { draft, keepDraft } from './draft.ts';
import type { Drop } from './model.ts';
import { shippingOf, totalOf } from './price.ts';
import { type Quoted, useQuote } from './quote.ts';
import type { Hold, Sale } from './state.ts';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
  readonly holds: readonly Hold[];
}

export function Held({ drop, sale, holds }: Props) {
  const { held } = words;
  const quoted = useQuote(holds);
  // The one that ends first: together they are paid, or not.
  const until = holds.reduce(
    (first, { expiresAt }) => (Date.parse(expiresAt) < Date.parse(first) ? expiresAt : first),
    holds[0]!.expiresAt,
  );
  return (
    <>
      <div class="held-bar">
        <h2 tabIndex={-1}>{held.title}</h2>
        <Timer label={held.timer} until={until} />
      </div>
      <div class="checkout">
        <Warning
          until={until}
          limitSeconds={sale.holdSeconds}
          label={held.timer}
          sentence={held.seconds}
          then={held.after}
        />
        <Form drop={drop} holds={holds} quoted={quoted} />
        <Sum sale={sale} holds={holds} quoted={quoted} />
      </div>
    </>
  );
}

function Form({ drop, holds, quoted }: Omit<Props, 'sale'> & { readonly quoted: Quoted }) {
  const { held } = words;
  const { buying, ordering } = drop;
  // The fields hold what is typed: what was kept is only where they begin.
  const [initial] = useState(() => draft.peek().address);
  const { shippingMethod, paymentMethod } = draft.value;
  const error = ordering.error.value;
  const problems = fieldProblemsOf(error);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const shippingAddress = readAddress(event.currentTarget as HTMLFormElement);
    keepDraft({ address: shippingAddress });
    ordering.pay({
      holdIds: holds.map(({ holdId }) => holdId),
      shippingAddress,
      shippingMethod,
      paymentMethod,
    });
  };
  return (
    <form
      class="form"
      aria-label={held.form}
      onSubmit={submit}
      onKeyDown={goOnByEnter}
      onInput={(event) => keepDraft({ address: readAddress(event.currentTarget as HTMLFormElement) })}
    >
      <section class="form">
        <h3>{held.address}</h3>
        <AddressFields initial={initial} problems={problems} pointer={addressPointer} />
      </section>
      <Ways holds={holds} quoted={quoted} />
      <div class="pay">
        {error !== null && (
          <p class="problem" role="alert">
            {refusedText(error, problems)}
          </p>
        )}
        <button type="submit" class="primary go" disabled={payments.value === 'stripe' || quoted.isCounting}>
          {held.pay(money(quoted.quote?.total ?? totalOf(holds, shippingMethod)))}
        </button>
        <p class="quiet small">{held.once}</p>
        <button
          type="button"
          class="link"
          disabled={buying.isHolding.value}
          onClick={() => void buying.release()}
        >
          {held.giveBack}
        </button>
      </div>
    </form>
  );
}

/** How it travels, and what pays for it. */
function Ways({ holds, quoted }: Pick<Props, 'holds'> & { readonly quoted: Quoted }) {
  const { held } = words;
  const { shippingMethod, paymentMethod, declinedMethod } = draft.value;
  const choose = (method: string) => keepDraft({ shippingMethod: method });
  return (
    <>
      {quoted.quote === null ? (
        <Choice
          label={held.shipping}
          name="shippingMethod"
          value={shippingMethod}
          options={(['standard', 'express'] as const).map((method) => ({
            ...{ value: method, text: held[method] },
            note: `${held.arrives[method]} · ${shippingText(method, holds)}`,
          }))}
          onChange={choose}
        />
      ) : (
        <ShippingChoice options={quoted.quote.shippingOptions} value={shippingMethod} onChange={choose} />
      )}
      <CardChoice
        value={paymentMethod}
        declined={declinedMethod}
        onChange={(value) => keepDraft({ paymentMethod: value })}
      />
    </>
  );
}

function shippingText(method: string, holds: readonly Hold[]): string {
  const price = shippingOf(method, holds[0]!.unitPrice.currency);
  return price.amount === 0 ? words.held.free : money(price);
}

function Sum({ sale, holds, quoted }: Omit<Props, 'drop'> & { readonly quoted: Quoted }) {
  const { held } = words;
  const { shippingMethod } = draft.value;
  return (
    <section class="sum-card" aria-label={held.total}>
      {holds.map((hold) => {
        const item = sale.items.find(({ sku }) => sku === hold.sku);
        return (
          <div class="buying" key={hold.holdId}>
            <Picture url={item?.imageUrl} title={item?.title ?? hold.sku} />
            <div>
              <b>{item?.title ?? hold.sku}</b>
              <p class="quiet small">{words.units(hold.quantity, count(hold.quantity))}</p>
            </div>
            <span>{money({ ...hold.unitPrice, amount: hold.unitPrice.amount * hold.quantity })}</span>
          </div>
        );
      })}
      {quoted.quote === null ? (
        <StandardFigures holds={holds} method={shippingMethod === 'express' ? 'express' : 'standard'} />
      ) : (
        <QuoteFigures quote={quoted.quote} />
      )}
    </section>
  );
}

/** Without tables of taxes and shipping. */
function StandardFigures({ holds, method }: Pick<Props, 'holds'> & { method: 'standard' | 'express' }) {
  const { held } = words;
  return (
    <dl class="sum">
      <div>
        <dt>{held.shippingOf(held[method])}</dt>
        <dd>{shippingText(method, holds)}</dd>
      </div>
      <div class="total">
        <dt>{held.total}</dt>
        <dd>{money(totalOf(holds, method))}</dd>
      </div>
    </dl>
  );
}
