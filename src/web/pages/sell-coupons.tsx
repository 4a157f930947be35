/** A seller's discounts: codes, promotions without a code, and rules by which prices move. */
import './sell-coupons.css';
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { PriceRule } from '../../market/price-rules/schemas.ts';
import type { Coupon, Promotion } from '../../market/pricing/coupon-schemas.ts';
import { call } from '../api.ts';
import { date, money } from '../format.ts';
import { type List, useList } from '../parts/list.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { discountWords as text } from '../words-prices.ts';
import { NewDiscount, NewRule } from './sell-coupon-forms.tsx';

export default function DiscountsPage() {
  return (
    <Needs roles={['seller', 'admin']}>
      <Discounts accountId={session.value?.accountId ?? ''} />
    </Needs>
  );
}

function Discounts({ accountId }: { readonly accountId: string }) {
  const coupons = useList<Coupon>('/v1/coupons', '?limit=50', accountId);
  const promotions = useList<Promotion>('/v1/promotions', '?limit=50', accountId);
  const rules = useList<PriceRule>('/v1/price-rules', '?limit=50', accountId);
  const back = (
    <a class="button" href="/sell">
      {text.back}
    </a>
  );
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="discounts" aside={back}>
      <p>{text.intro}</p>
      <Kind
        {...{ id: 'coupons', title: text.coupons, none: text.couponsNone, list: coupons }}
        itemOf={(coupon) => ({
          ...{ name: coupon.code, path: `/v1/coupons/${coupon.code}`, effect: effectOf(coupon) },
        })}
        form={(done) => <NewDiscount path="/v1/coupons" hasCode onDone={done} />}
      />
      <Kind
        {...{ id: 'promotions', title: text.promotions, none: text.promotionsNone, list: promotions }}
        itemOf={(promotion) => ({
          ...{ name: takenOff(promotion), path: `/v1/promotions/${promotion.promotionId}` },
          effect: effectOf(promotion),
        })}
        form={(done) => <NewDiscount path="/v1/promotions" hasCode={false} onDone={done} />}
      />
      <Kind
        {...{ id: 'price-rules', title: text.rules, none: text.rulesNone, list: rules }}
        itemOf={({ ruleId, sku, kind, price, basePrice }) => ({
          ...{ name: text.ruleName(sku, kind), path: `/v1/price-rules/${ruleId}` },
          effect: text.ruleNow(money(price), money(basePrice)),
        })}
        form={(done) => <NewRule onDone={done} />}
      />
    </Page>
  );
}

type Terms = Pick<Coupon, 'kind' | 'value' | 'used' | 'reserved' | 'limit' | 'startsAt' | 'endsAt'>;

function takenOff({ kind, value }: Pick<Terms, 'kind' | 'value'>): string {
  if (kind === 'free_shipping' || value === undefined) return text.freeShipping;
  return text.takesOff(typeof value === 'number' ? `${value} %` : money(value));
}

function effectOf(terms: Terms): string {
  return [
    takenOff(terms),
    text.used(terms.used, terms.reserved, terms.limit),
    ...(terms.startsAt === undefined ? [] : [text.from(date(terms.startsAt))]),
    ...(terms.endsAt === undefined ? [] : [text.until(date(terms.endsAt))]),
  ].join(' · ');
}

interface Shown {
  readonly name: string;
  readonly path: string;
  readonly effect: string;
}

interface KindProps<Item> {
  readonly id: string;
  readonly title: string;
  readonly none: string;
  readonly list: List<Item>;
  readonly itemOf: (item: Item) => Shown;
  readonly form: (done: (name: string) => void) => ComponentChildren;
}

/** What there is of one kind, each with a way to take it back; below, the form that adds one. */
function Kind<Item>({ id, title, none, list, itemOf, form }: KindProps<Item>) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async ({ name, path }: Shown) => {
    setBusy(true);
    setSaid(null);
    setProblem(null);
    try {
      await call('DELETE', path);
      setSaid(text.removed(name));
      // What had the focus is gone then.
      heading.current?.focus({ preventScroll: true });
    } catch (error) {
      setProblem(sentenceOf(error));
    }
    setBusy(false);
    list.reload();
  };
  const done = (name: string) => {
    setSaid(text.made(name));
    setProblem(null);
    list.reload();
  };
  const { items } = list;
  return (
    <section aria-labelledby={id}>
      <h2 id={id} ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {items?.length === 0 && <p class="quiet">{none}</p>}
      {items !== null && items.length > 0 && (
        <ul class="discount-list" aria-labelledby={id}>
          {items.map(itemOf).map((item) => (
            <li key={item.path}>
              <strong>{item.name}</strong>
              <span class="quiet">{item.effect}</span>
              <button
                type="button"
                class="link"
                aria-label={text.removeOf(item.name)}
                disabled={isBusy}
                onClick={() => void remove(item)}
              >
                {text.remove}
              </button>
            </li>
          ))}
        </ul>
      )}
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.more}
        </button>
      )}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="done" role="status">
        {said}
      </p>
      {items !== null && form(done)}
    </section>
  );
}
