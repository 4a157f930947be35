/** The forms that add a discount or a price rule. What is wrong with a field stands below it. */
import type { ComponentChildren, ComponentProps } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { Choice } from '../parts/choice.tsx';
import { Field } from '../parts/field.tsx';
import {
  type FieldProblems,
  fieldProblemsOf,
  noProblems,
  useFocusOnProblem,
} from '../parts/field-problems.ts';
import { isCurrency, minorUnits } from '../parts/minor-units.ts';
import { TextArea } from '../parts/text-area.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { discountWords as text } from '../words-prices.ts';

/** What was written, ready to be sent, or what is wrong with it by JSON pointers. */
type Written = { readonly body: object } | { readonly problems: FieldProblems };

interface FormProps {
  readonly label: string;
  readonly path: string;
  readonly read: (of: (name: string) => string) => Written;
  readonly onDone: (answer: Readonly<Record<string, unknown>>) => void;
  readonly fields: (problems: FieldProblems) => ComponentChildren;
}

function Form({ label, path, read, onDone, fields }: FormProps) {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<{ error: unknown; problems: FieldProblems } | null>(null);
  const form = useFocusOnProblem(refusal);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const element = event.currentTarget as HTMLFormElement;
    const given = new FormData(element);
    const written = read((name) => String(given.get(name) ?? '').trim());
    if ('problems' in written) return setRefusal({ error: null, problems: written.problems });
    setBusy(true);
    setRefusal(null);
    try {
      const { body } = await call<Readonly<Record<string, unknown>>>('POST', path, { body: written.body });
      element.reset();
      onDone(body);
    } catch (error) {
      setRefusal({ error, problems: fieldProblemsOf(error) });
    } finally {
      setBusy(false);
    }
  };
  const problems = refusal?.problems ?? noProblems;
  return (
    <form class="form" onSubmit={submit} aria-label={label} ref={form}>
      {fields(problems)}
      {refusal !== null && refusal.error !== null && (
        <p class="problem" role="alert">
          {sentenceOf(refusal.error)}
        </p>
      )}
      <button type="submit" class="ink" disabled={isBusy}>
        {label}
      </button>
    </form>
  );
}

/** A number of a text box that may be empty; null: it is none. */
function numberIn(written: string): number | undefined | null {
  if (written === '') return undefined;
  const number = Number(written);
  return Number.isFinite(number) ? number : null;
}

const instant = (written: string) => (written === '' ? undefined : new Date(written).toISOString());

/** Without what was not written. */
function compact(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

type DiscountKind = 'percent' | 'amount' | 'free_shipping';

function readDiscount(of: (name: string) => string, kind: DiscountKind, stackable: boolean): Written {
  const currency = of('currency').toUpperCase() || 'USD';
  if (!isCurrency(currency)) return { problems: { '/currency': text.notACurrency } };
  const [limit, limitPerBuyer, priority] = ['limit', 'limitPerBuyer', 'priority'].map((name) =>
    numberIn(of(name)),
  );
  const percent = kind === 'percent' ? numberIn(of('value')) : undefined;
  if (percent === null || (kind === 'percent' && percent === undefined))
    return { problems: { '/value': text.notANumber } };
  const amount = kind === 'amount' ? minorUnits(of('value'), currency) : undefined;
  if (amount === null || (kind === 'amount' && amount === undefined))
    return { problems: { '/value': text.notAPrice } };
  const minimum = minorUnits(of('minimumSubtotal'), currency);
  if (minimum === null) return { problems: { '/minimumSubtotal': text.notAPrice } };
  const skus = of('scope')
    .split(',')
    .map((sku) => sku.trim())
    .filter(Boolean);
  return {
    body: compact({
      ...{ code: of('code') || undefined, kind, limit, limitPerBuyer, stackable, priority },
      value: amount === undefined ? percent : { amount, currency },
      minimumSubtotal: minimum === undefined ? undefined : { amount: minimum, currency },
      ...{ startsAt: instant(of('startsAt')), endsAt: instant(of('endsAt')) },
      scope: skus.length === 0 ? undefined : { skus },
    }),
  };
}

interface NewDiscountProps {
  readonly path: string;
  readonly hasCode: boolean;
  readonly onDone: (name: string) => void;
}

export function NewDiscount({ path, hasCode, onDone }: NewDiscountProps) {
  const [kind, setKind] = useState<DiscountKind>('percent');
  const [stacking, setStacking] = useState<'alone' | 'stackable'>('alone');
  return (
    <Form
      {...{ label: hasCode ? text.addCoupon : text.addPromotion, path }}
      read={(of) => readDiscount(of, kind, stacking === 'stackable')}
      onDone={({ code }) => onDone(typeof code === 'string' ? code : text.promotions)}
      fields={(problems) => (
        <>
          {hasCode && (
            <Box
              {...{ problems, name: 'code', label: text.code, maxLength: 40, required: true }}
              note={text.codeNote}
            />
          )}
          <Choice
            {...{ label: text.kind, name: `kind-${path}`, value: kind, onChange: setKind }}
            options={(['percent', 'amount', 'free_shipping'] as const).map((value) => ({
              ...{ value, text: text.kinds[value]! },
            }))}
          />
          <ValueFields {...{ problems, kind }} />
          <BoundFields problems={problems} />
          <Choice
            {...{ label: text.stacking, name: `stacking-${path}`, value: stacking, onChange: setStacking }}
            options={[
              { value: 'alone', text: text.alone },
              { value: 'stackable', text: text.stackable },
            ]}
          />
        </>
      )}
    />
  );
}

type BoxProps = Omit<ComponentProps<typeof Field>, 'problem'> & { readonly problems: FieldProblems };

/** A field of the body, with what is wrong with it or with a part of it. */
function Box({ problems, name, ...more }: BoxProps) {
  const of = Object.entries(problems).find(([at]) => at === `/${name}` || at.startsWith(`/${name}/`));
  return <Field {...{ name, autocomplete: 'off', ...more }} problem={of?.[1] ?? null} />;
}

interface FieldsProps {
  readonly problems: FieldProblems;
}

function ValueFields({ problems, kind }: FieldsProps & { readonly kind: DiscountKind }) {
  const label = kind === 'percent' ? text.percent : text.amount;
  return (
    <div class="pair">
      {kind !== 'free_shipping' && (
        <Box {...{ problems, name: 'value', label, inputMode: 'decimal', required: true }} />
      )}
      <Box {...{ problems, name: 'currency', label: text.currency, defaultValue: 'USD', maxLength: 3 }} />
    </div>
  );
}

function BoundFields({ problems }: FieldsProps) {
  const number = { problems, type: 'number', min: 1 } as const;
  const time = { problems, type: 'datetime-local' } as const;
  return (
    <>
      <div class="pair">
        <Box {...{ ...number, name: 'limit', label: text.limit, max: 1_000_000 }} />
        <Box {...{ ...number, name: 'limitPerBuyer', label: text.limitPerBuyer, max: 1_000 }} />
      </div>
      <div class="pair">
        <Box {...{ ...time, name: 'startsAt', label: text.starts }} />
        <Box {...{ ...time, name: 'endsAt', label: text.ends }} />
      </div>
      <Box {...{ problems, name: 'minimumSubtotal', label: text.minimum, inputMode: 'decimal' }} />
      <Box {...{ problems, name: 'scope', label: text.skus, maxLength: 2_000 }} />
      <Box
        {...{ ...number, name: 'priority', label: text.priority, min: -1_000, max: 1_000, defaultValue: '0' }}
        note={text.priorityNote}
      />
    </>
  );
}

type RuleKind = 'stock' | 'time';

/** One step a line: what it holds for, and the percentage. null: a line is none. */
function stepsOf(written: string, kind: RuleKind): object[] | null {
  const lines = written
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const steps = lines.map((line) => {
    const [what = '', percent = ''] = line.split(/\s+/);
    if (!/^-?\d+(?:\.\d+)?$/.test(percent)) return null;
    if (kind === 'stock')
      return /^\d+$/.test(what) ? { atMost: Number(what), percent: Number(percent) } : null;
    const at = new Date(what);
    return Number.isNaN(at.getTime()) ? null : { at: at.toISOString(), percent: Number(percent) };
  });
  return steps.length === 0 || steps.includes(null) ? null : (steps as object[]);
}

function readRule(of: (name: string) => string, kind: RuleKind): Written {
  const currency = of('currency').toUpperCase();
  if (!isCurrency(currency)) return { problems: { '/currency': text.notACurrency } };
  const steps = stepsOf(of('steps'), kind);
  if (steps === null) return { problems: { '/steps': text.notSteps } };
  const [floor, ceiling] = [minorUnits(of('floor'), currency), minorUnits(of('ceiling'), currency)];
  if (floor === null || floor === undefined) return { problems: { '/floor': text.notAPrice } };
  if (ceiling === null || ceiling === undefined) return { problems: { '/ceiling': text.notAPrice } };
  return {
    body: {
      ...{ sku: of('sku'), kind, steps },
      ...{ floor: { amount: floor, currency }, ceiling: { amount: ceiling, currency } },
    },
  };
}

export function NewRule({ onDone }: { readonly onDone: (name: string) => void }) {
  const [kind, setKind] = useState<RuleKind>('stock');
  const [steps, setSteps] = useState('');
  const price = { inputMode: 'decimal', required: true } as const;
  return (
    <Form
      {...{ label: text.addRule, path: '/v1/price-rules' }}
      read={(of) => readRule(of, kind)}
      onDone={({ sku }) => {
        setSteps('');
        onDone(text.rule(String(sku)));
      }}
      fields={(problems) => (
        <>
          <Box {...{ problems, name: 'sku', label: text.sku, maxLength: 100, required: true }} />
          <Choice
            {...{ label: text.by, name: 'rule-kind', value: kind, onChange: setKind }}
            options={[
              { value: 'stock', text: text.byStock, note: text.stepsOfStock },
              { value: 'time', text: text.byTime, note: text.stepsOfTime },
            ]}
          />
          <TextArea
            {...{
              name: 'steps',
              label: text.steps,
              rows: 3,
              maxLength: 2_000,
              value: steps,
              onInput: setSteps,
            }}
            problem={Object.entries(problems).find(([at]) => at.startsWith('/steps'))?.[1] ?? null}
          />
          <div class="pair">
            <Box {...{ problems, name: 'floor', label: text.floor, ...price }} />
            <Box {...{ problems, name: 'ceiling', label: text.ceiling, ...price }} />
          </div>
          <Box {...{ problems, name: 'currency', label: text.currency, maxLength: 3, defaultValue: 'USD' }} />
        </>
      )}
    />
  );
}
