/** Prices beyond which a listing is held. */
import { useState } from 'preact/hooks';
import type { PriceBound } from '../../../market/compliance/schemas.ts';
import { money } from '../../format.ts';
import { Field } from '../../parts/field.tsx';
import { isCurrency, minorUnits } from '../../parts/minor-units.ts';
import { adminWords } from '../../words-admin.ts';
import { RuleList } from './rule-list.tsx';
import type { RuleSet } from './rules.ts';

const text = adminWords.rules;

export function PriceRules({ rules }: { readonly rules: RuleSet<PriceBound> }) {
  return (
    <RuleList
      {...{ id: 'price-rules', title: text.prices, none: text.pricesNone, rules }}
      removeOf={text.removeBoundOf}
      nameOf={({ category, currency }) => `${category ?? text.everything}, ${currency}`}
      effectOf={({ currency, min, max }) =>
        [
          ...(min === undefined ? [] : [text.below(money({ amount: min, currency }))]),
          ...(max === undefined ? [] : [text.above(money({ amount: max, currency }))]),
        ].join(text.or)
      }
    >
      <NewBound rules={rules} />
    </RuleList>
  );
}

type Problems = Readonly<Partial<Record<'currency' | 'min' | 'max', string>>>;

/** The bound that was written, or what is wrong with it. */
function read(fields: FormData): { readonly bound: PriceBound } | { readonly problems: Problems } {
  const of = (name: string) => String(fields.get(name) ?? '').trim();
  const currency = of('currency').toUpperCase();
  if (!isCurrency(currency)) return { problems: { currency: text.notACurrency } };
  const [min, max] = [minorUnits(of('min'), currency), minorUnits(of('max'), currency)];
  if (min === null) return { problems: { min: text.notAPrice } };
  if (max === null) return { problems: { max: text.notAPrice } };
  if (min === undefined && max === undefined) return { problems: { min: text.neither } };
  const category = of('category');
  return {
    bound: {
      currency,
      ...(category === '' ? {} : { category }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    },
  };
}

function NewBound({ rules }: { readonly rules: RuleSet<PriceBound> }) {
  const [problems, setProblems] = useState<Problems>({});
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const written = read(new FormData(form));
    setProblems('problems' in written ? written.problems : {});
    if ('problems' in written) return;
    if (await rules.replace([...(rules.value?.items ?? []), written.bound])) form.reset();
  };
  const of = (name: 'currency' | 'min' | 'max') => ({
    name,
    problem: problems[name] ?? null,
    autocomplete: 'off',
  });
  return (
    <form class="form rule-form" onSubmit={add} aria-label={text.addBound}>
      <div class="pair">
        <Field {...of('currency')} label={text.currency} defaultValue="USD" maxLength={3} required />
        <Field label={text.inCategory} name="category" autocomplete="off" maxLength={200} />
      </div>
      <div class="pair">
        <Field {...of('min')} label={text.min} inputMode="decimal" />
        <Field {...of('max')} label={text.max} inputMode="decimal" />
      </div>
      <button type="submit" disabled={rules.isBusy}>
        {text.addBound}
      </button>
    </form>
  );
}
