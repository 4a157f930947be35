/** One table of rates each: its entries, and the form that adds one. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { RateTables } from '../../../market/pricing/rate-schemas.ts';
import { money } from '../../format.ts';
import { Choice } from '../../parts/choice.tsx';
import { Field } from '../../parts/field.tsx';
import { isCurrency, minorUnits } from '../../parts/minor-units.ts';
import { rateWords as text } from '../../words-prices.ts';
import { RuleList } from './rule-list.tsx';
import { type RuleSet, useRules } from './rules.ts';

type TaxRate = RateTables['tax']['items'][number];
type ShippingRate = RateTables['shipping']['items'][number];
interface ExchangeRate {
  readonly currency: string;
  readonly rate: string;
}

type Problems = Readonly<Record<string, string>>;
type Written<Item> = { readonly item: Item } | { readonly problems: Problems };

interface AddingProps<Item> {
  readonly rules: RuleSet<Item>;
  readonly label: string;
  readonly read: (of: (name: string) => string) => Written<Item>;
  readonly fields: (problems: Problems) => ComponentChildren;
}

/** The form that adds one entry; what is wrong with a field stands below it. */
function Adding<Item>({ rules, label, read, fields }: AddingProps<Item>) {
  const [problems, setProblems] = useState<Problems>({});
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const written = read((name) => String(given.get(name) ?? '').trim());
    setProblems('problems' in written ? written.problems : {});
    if ('problems' in written) {
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    if (await rules.replace([...(rules.value?.items ?? []), written.item])) form.reset();
  };
  return (
    <form class="form rule-form" onSubmit={add} aria-label={label}>
      {fields(problems)}
      <button type="submit" disabled={rules.isBusy}>
        {label}
      </button>
    </form>
  );
}

const isCountry = (code: string): boolean => /^[A-Z]{2}$/.test(code);

/** `6.25` -> `0.0625`, exactly; null: it is no percentage. */
function rateOfPercent(written: string): string | null {
  const match = /^(\d{1,3})(?:\.(\d{1,10}))?$/.exec(written);
  if (match === null || Number(written) > 100) return null;
  const digits = `${match[1]!.padStart(3, '0')}${match[2] ?? ''}`;
  return `${digits[0]}.${digits.slice(1)}`.replace(/\.?0+$/, '');
}

/** `0.0625` -> `6.25`. */
function percentOfRate(rate: string): string {
  const [whole = '0', fraction = ''] = rate.split('.');
  const digits = `${whole}${fraction.padEnd(2, '0')}`;
  const at = whole.length + 2;
  const text = `${digits.slice(0, at).replace(/^0+(?=\d)/, '')}.${digits.slice(at)}`;
  return text.replace(/\.?0*$/, '');
}

export function TaxTable() {
  const words = text.tax;
  const rules = useRules<TaxRate>('/v1/tax-rates', { said: text.saved });
  const [how, setHow] = useState<'added' | 'contained'>('added');
  const read = (of: (name: string) => string): Written<TaxRate> => {
    const [country, rate] = [of('country').toUpperCase(), rateOfPercent(of('percent'))];
    if (!isCountry(country)) return { problems: { country: text.notACountry } };
    if (rate === null) return { problems: { percent: words.notAPercent } };
    const [state, category] = [of('state'), of('category')];
    const inclusive = how === 'contained';
    return { item: { country, ...(state && { state }), ...(category && { category }), rate, inclusive } };
  };
  return (
    <RuleList
      {...{ id: 'tax-rates', title: words.title, none: words.none, rules, removeOf: text.remove }}
      nameOf={({ country, state, category }) => words.name(country, state, category)}
      effectOf={({ rate, inclusive }) => words.effect(percentOfRate(rate), inclusive)}
    >
      <Adding
        {...{ rules, label: words.add, read }}
        fields={(problems) => (
          <>
            <div class="pair">
              <Field
                name="country"
                label={text.country}
                maxLength={2}
                required
                autocomplete="off"
                problem={problems.country ?? null}
              />
              <Field name="state" label={words.state} maxLength={100} autocomplete="off" />
            </div>
            <div class="pair">
              <Field name="category" label={words.category} maxLength={200} autocomplete="off" />
              <Field
                name="percent"
                label={words.percent}
                inputMode="decimal"
                required
                autocomplete="off"
                problem={problems.percent ?? null}
              />
            </div>
            <Choice
              {...{ label: words.how, name: 'how', value: how, onChange: setHow }}
              options={[
                { value: 'added', text: words.added, note: words.addedNote },
                { value: 'contained', text: words.contained, note: words.containedNote },
              ]}
            />
          </>
        )}
      />
    </RuleList>
  );
}

function readShipping(of: (name: string) => string): Written<ShippingRate> {
  const words = text.shipping;
  const [country, currency] = [of('country').toUpperCase(), of('currency').toUpperCase()];
  if (country !== '*' && !isCountry(country)) return { problems: { country: words.notACountry } };
  if (!isCurrency(currency)) return { problems: { currency: text.notACurrency } };
  const amount = minorUnits(of('amount'), currency);
  if (amount === null || amount === undefined) return { problems: { amount: words.notAPrice } };
  const grams = of('grams');
  if (!/^\d{0,9}$/.test(grams)) return { problems: { grams: words.notGrams } };
  return {
    item: {
      ...{ method: of('method').toLowerCase(), country, amount: { amount, currency } },
      ...(grams !== '' && { maxWeightGrams: Number(grams) }),
      ...{ minDays: Number(of('minDays')), maxDays: Number(of('maxDays')) },
    },
  };
}

export function ShippingTable() {
  const words = text.shipping;
  const rules = useRules<ShippingRate>('/v1/shipping-rates', { said: text.saved });
  const days = { type: 'number', min: 0, max: 365, required: true } as const;
  return (
    <RuleList
      {...{ id: 'shipping-rates', title: words.title, none: words.none, rules, removeOf: text.remove }}
      nameOf={({ method, country, maxWeightGrams }) => words.name(method, country, maxWeightGrams)}
      effectOf={({ amount, minDays, maxDays }) => words.effect(money(amount), minDays, maxDays)}
    >
      <Adding
        {...{ rules, label: words.add, read: readShipping }}
        fields={(problems) => (
          <>
            <div class="pair">
              <Field name="method" label={words.method} maxLength={40} required autocomplete="off" />
              <Field
                name="country"
                label={words.country}
                maxLength={2}
                required
                autocomplete="off"
                problem={problems.country ?? null}
              />
            </div>
            <div class="pair">
              <Field
                name="amount"
                label={words.amount}
                inputMode="decimal"
                required
                autocomplete="off"
                problem={problems.amount ?? null}
              />
              <Field
                name="currency"
                label={text.currency}
                defaultValue="USD"
                maxLength={3}
                required
                autocomplete="off"
                problem={problems.currency ?? null}
              />
            </div>
            <Field
              name="grams"
              label={words.grams}
              inputMode="numeric"
              autocomplete="off"
              problem={problems.grams ?? null}
            />
            <div class="pair">
              <Field name="minDays" label={words.minDays} {...days} />
              <Field name="maxDays" label={words.maxDays} {...days} />
            </div>
          </>
        )}
      />
    </RuleList>
  );
}

export function ExchangeTable() {
  const words = text.exchange;
  const rules = useRules<ExchangeRate, RateTables['exchange']>('/v1/exchange-rates', {
    said: text.saved,
    itemsOf: ({ rates }) => Object.entries(rates).map(([currency, rate]) => ({ currency, rate })),
    bodyOf: (items, { base }) => ({
      base,
      rates: Object.fromEntries(items.map(({ currency, rate }) => [currency, rate])),
    }),
  });
  const base = rules.value?.body.base ?? 'USD';
  const read = (of: (name: string) => string): Written<ExchangeRate> => {
    const [currency, rate] = [of('currency').toUpperCase(), of('rate')];
    if (!isCurrency(currency)) return { problems: { currency: text.notACurrency } };
    if (!/^\d{1,12}(?:\.\d{1,12})?$/.test(rate) || Number(rate) === 0)
      return { problems: { rate: words.notARate } };
    return { item: { currency, rate } };
  };
  return (
    <RuleList
      {...{ id: 'exchange-rates', title: words.title(base), none: words.none, rules, removeOf: text.remove }}
      nameOf={({ currency }) => currency}
      effectOf={({ rate }) => words.effect(rate, base)}
    >
      <Adding
        {...{ rules, label: words.add, read }}
        fields={(problems) => (
          <div class="pair">
            <Field
              name="currency"
              label={text.currency}
              maxLength={3}
              required
              autocomplete="off"
              problem={problems.currency ?? null}
            />
            <Field
              name="rate"
              label={words.rate}
              inputMode="decimal"
              required
              autocomplete="off"
              problem={problems.rate ?? null}
            />
          </div>
        )}
      />
    </RuleList>
  );
}
