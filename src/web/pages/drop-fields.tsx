/** The fields of a new drop: what, when, in which order and at which pace. */
import { useId } from 'preact/hooks';
import type { Product, Variant } from '../../market/catalog/schemas.ts';
import { count } from '../format.ts';
import { Choice } from '../parts/choice.tsx';
import { Field } from '../parts/field.tsx';
import { sellerWords } from '../words-seller.ts';
import { change, draft, type FieldName, type Problems, priceText } from './drop-draft.ts';

const text = sellerWords.form;

interface FieldsProps {
  /** null: not read yet. */
  readonly products: readonly Product[] | null;
  readonly problems: Problems;
  readonly onChange: (name: FieldName) => void;
}

export function DropFields({ products, problems, onChange }: FieldsProps) {
  const { fields } = draft.value;
  const set = (name: FieldName, value: string) => {
    change({ [name]: value });
    onChange(name);
  };
  const of = (name: FieldName) => ({
    ...{ label: text.fields[name], name, value: fields[name] },
    onInput: (value: string) => set(name, value),
    problem: problems[name] ?? null,
  });
  const whole = (name: FieldName) => ({ ...of(name), inputMode: 'numeric' as const });
  const instant = (name: FieldName) => ({ ...of(name), type: 'datetime-local' as const });
  const variant = variantOf(products, fields.sku);
  const unitsNote = variant?.available == null ? '' : text.stock(count(variant.available));
  return (
    <>
      <h2>{text.what}</h2>
      <Field {...of('title')} maxLength={200} />
      <ProductSelect products={products} problem={problems.sku ?? null} onChange={onChange} />
      <div class="pair">
        <Field {...whole('units')} note={unitsNote} />
        <Field {...of('price')} inputMode="decimal" note={text.priceIn(fields.currency)} />
      </div>
      <div class="pair half">
        <Field {...whole('perPerson')} />
      </div>
      <Choice
        {...{ label: text.fields.who, name: 'who', value: fields.who, problem: problems.who ?? null }}
        onChange={(value) => set('who', value)}
        options={[
          { value: 'everybody', text: text.everybody, note: text.everybodyNote },
          { value: 'invitation', text: text.invitation, note: text.notYet, isDisabled: true },
        ]}
      />
      <h2>{text.when}</h2>
      <div class="pair roomy">
        <Field {...instant('lineOpens')} note={text.lineOpensNote} />
        <Field {...instant('starts')} note={text.startsNote} />
      </div>
      <div class="pair roomy half">
        <Field {...instant('ends')} note={text.endsNote} />
      </div>
      <Choice
        {...{ label: text.fields.method, name: 'method', value: fields.method }}
        problem={problems.method ?? null}
        onChange={(value) => set('method', value)}
        options={[
          { value: 'fifo', text: text.firstCome, note: text.firstComeNote },
          { value: 'random', text: text.byLot, note: text.notYet, isDisabled: true },
        ]}
      />
      <h2>{text.pace}</h2>
      <div class="pair">
        <Field {...whole('release')} note={text.releaseNote} />
        <Field {...whole('activeLimit')} note={text.activeLimitNote} />
      </div>
      <div class="pair">
        <Field {...whole('admission')} note={text.admissionNote} />
        <Field {...whole('hold')} note={text.holdNote} />
      </div>
    </>
  );
}

export function variantOf(products: readonly Product[] | null, sku: string): Variant | null {
  for (const { variants } of products ?? [])
    for (const variant of variants) if (variant.sku === sku) return variant;
  return null;
}

interface SelectProps {
  readonly products: readonly Product[] | null;
  readonly problem: string | null;
  readonly onChange: (name: FieldName) => void;
}

function ProductSelect({ products, problem, onChange }: SelectProps) {
  const id = useId();
  const { fields } = draft.value;
  const choices = (products ?? []).flatMap(({ title, variants }) =>
    variants.map((variant) => ({ title, variant })),
  );
  const choose = (sku: string) => {
    const chosen = choices.find(({ variant }) => variant.sku === sku);
    const { price } = chosen?.variant ?? {};
    // What was typed stays; what is empty is filled with what is likely.
    change({
      sku,
      ...(fields.title === '' && chosen ? { title: chosen.title } : {}),
      ...(price ? { currency: price.currency } : {}),
      ...(price && fields.price === '' ? { price: priceText(price) } : {}),
    });
    onChange('sku');
  };
  return (
    <div class="field">
      <label for={id}>{text.fields.sku}</label>
      <select
        id={id}
        value={fields.sku}
        onChange={(event) => choose(event.currentTarget.value)}
        {...(problem ? { 'aria-invalid': true, 'aria-describedby': `${id}-problem` } : {})}
      >
        <option value="">{text.choose}</option>
        {/* A kept draft names it before the products are read. */}
        {fields.sku !== '' && variantOf(products, fields.sku) === null && (
          <option value={fields.sku}>{fields.sku}</option>
        )}
        {choices.map(({ title, variant }) => (
          <option key={variant.sku} value={variant.sku}>
            {[title, ...Object.values(variant.options)].join(', ')}
          </option>
        ))}
      </select>
      {products?.length === 0 && <p class="field-note">{text.noProducts}</p>}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
