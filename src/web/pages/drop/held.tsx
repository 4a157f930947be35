/** Units that are held: the time, the form, what it comes to, and the button that pays. */
import './held.css';
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { count, money } from '../../format.ts';
import { AddressFields, readAddress } from '../../parts/address-fields.tsx';
import { Choice } from '../../parts/choice.tsx';
import { type FieldProblems, fieldProblemsOf } from '../../parts/field-problems.ts';
import { Picture } from '../../parts/picture.tsx';
import { Timer } from '../../parts/timer.tsx';
import { sentenceOf } from '../../parts/trouble.tsx';
import { Warning } from '../../parts/warning.tsx';
import { words as common } from '../../words.ts';
import { words } from '../../words-drop.ts';
import { draft, keepDraft } from './draft.ts';
import type { Drop } from './model.ts';
import { payments } from './payments.ts';
import { type ShippingMethod, shippingOf, totalOf } from './price.ts';
import type { Hold, Sale } from './state.ts';

const addressPointer = '/shippingAddress/';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
  readonly holds: readonly Hold[];
}

export function Held({ drop, sale, holds }: Props) {
  const { held } = words;
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
        <Form drop={drop} holds={holds} />
        <Sum sale={sale} holds={holds} />
      </div>
    </>
  );
}

function Form({ drop, holds }: Omit<Props, 'sale'>) {
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
        <AddressFields initial={initial} problems={problems} pointer={addressPointer.slice(0, -1)} />
      </section>
      <Ways holds={holds} />
      <div class="pay">
        {error !== null && (
          <p class="problem" role="alert">
            {refusedText(error, problems)}
          </p>
        )}
        <button type="submit" class="primary go" disabled={payments.value === 'stripe'}>
          {held.pay(money(totalOf(holds, shippingMethod)))}
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

/** A phone's keyboard has an Enter in each field: it leads to the next one, and only the button pays. */
function goOnByEnter(event: KeyboardEvent): void {
  const { target } = event;
  if (event.key !== 'Enter' || event.isComposing || !(target instanceof HTMLInputElement)) return;
  event.preventDefault();
  const fields = [...(event.currentTarget as HTMLFormElement).elements];
  const next = target.type === 'radio' ? null : fields[fields.indexOf(target) + 1];
  if (next instanceof HTMLElement) next.focus();
}

/** How it travels, and what pays for it. */
function Ways({ holds }: Pick<Props, 'holds'>) {
  const { held } = words;
  const { shippingMethod, paymentMethod, declinedMethod } = draft.value;
  return (
    <>
      <Choice
        label={held.shipping}
        name="shippingMethod"
        value={shippingMethod}
        options={(['standard', 'express'] as const).map((method) => ({
          ...{ value: method, text: held[method] },
          note: `${held.arrives[method]} · ${shippingText(method, holds)}`,
        }))}
        onChange={(value) => keepDraft({ shippingMethod: value })}
      />
      {payments.value === 'stripe' ? (
        <p class="notice">{held.noCards}</p>
      ) : (
        <div class="cards">
          <p class="sandbox">{held.sandbox}</p>
          <Choice
            label={held.card}
            name="paymentMethod"
            value={paymentMethod}
            options={held.cards.map(([value, text, note]) => ({
              ...{ value, text },
              note: value === declinedMethod ? held.wasDeclined(note) : note,
            }))}
            onChange={(value) => keepDraft({ paymentMethod: value })}
          />
        </div>
      )}
    </>
  );
}

function shippingText(method: ShippingMethod, holds: readonly Hold[]): string {
  const price = shippingOf(method, holds[0]!.unitPrice.currency);
  return price.amount === 0 ? words.held.free : money(price);
}

function refusedText(error: ApiError, problems: FieldProblems): string {
  if (error.code === 'price_changed') return words.held.priceChanged;
  const [path, problem] = Object.entries(problems).find(([at]) => at.startsWith(addressPointer)) ?? [];
  const label = common.address[path?.slice(addressPointer.length) as keyof typeof common.address];
  return problem && label ? words.held.notTaken(label, problem) : sentenceOf(error);
}

function Sum({ sale, holds }: Omit<Props, 'drop'>) {
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
      <dl class="sum">
        <div>
          <dt>{held.shippingOf(held[shippingMethod])}</dt>
          <dd>{shippingText(shippingMethod, holds)}</dd>
        </div>
        <div class="total">
          <dt>{held.total}</dt>
          <dd>{money(totalOf(holds, shippingMethod))}</dd>
        </div>
      </dl>
    </section>
  );
}
