/** The variants of a listing: each with its SKU, what sets it apart, and its price. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Image, Product } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import { count } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { fieldProblemsOf } from '../parts/field-problems.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { uuid } from '../uuid.ts';
import { listingWords } from '../words-listing.ts';
import {
  emptyVariant,
  fieldAt,
  type ListingProblems,
  newVariantOf,
  type VariantFields,
  type VariantText,
  variantProblems,
} from './listing-draft.ts';
import type { EditProps } from './listing-fields.tsx';
import { listingPath } from './listing-state.ts';
import { VariantImages } from './listing-variant-images.tsx';

const text = listingWords.variants;

interface OneProps {
  readonly variant: VariantFields;
  /** By the field's own name. */
  readonly problems: ListingProblems;
  readonly currency: string;
  /** It has a SKU and stock to be given. */
  readonly isNew: boolean;
  /** Of the listing, to choose from. */
  readonly images: readonly Image[];
  readonly onChange: (variant: VariantFields, name: string) => void;
}

function VariantInputs({ variant, problems, currency, isNew, images, onChange }: OneProps) {
  const of = (name: VariantText) => ({
    ...{ label: text.fields[name], name, value: variant[name], problem: problems[name] ?? null },
    onInput: (value: string) => onChange({ ...variant, [name]: value }, name),
  });
  return (
    <>
      <div class="pair roomy">
        {isNew && <Field {...of('sku')} maxLength={64} note={text.skuNote} />}
        <Field {...of('options')} maxLength={2_000} note={text.optionsNote} />
      </div>
      <div class="pair">
        <Field {...of('price')} inputMode="decimal" note={currency} />
        <Field {...of('compareAt')} inputMode="decimal" note={text.compareAtNote} />
        {isNew && <Field {...of('stock')} inputMode="numeric" />}
      </div>
      <VariantImages
        {...{ images, chosen: variant.images, problem: problems.images ?? null }}
        onChange={(chosen) => onChange({ ...variant, images: chosen }, 'images')}
      />
    </>
  );
}

/** Of all variants. */
export function CurrencyField({ fields, problems, onChange }: EditProps) {
  return (
    <Field
      {...{ label: listingWords.fields.currency, name: 'currency', value: fields.currency, maxLength: 3 }}
      problem={problems.currency ?? null}
      note={listingWords.notes.currency}
      onInput={(value) => onChange({ currency: value.toUpperCase() }, 'currency')}
    />
  );
}

/** The problems below `variants/0/`, by the field's own name. */
function problemsBelow(problems: ListingProblems, at: number): ListingProblems {
  const prefix = `variants/${at}/`;
  const own = Object.entries(problems).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, problem]) => [name.slice(prefix.length), problem]));
}

/** Of a listing that there is not yet: rows that come and go as one likes. */
export function NewVariants({ fields, problems, onChange }: EditProps) {
  const section = useRef<HTMLElement>(null);
  const { variants } = fields;
  const put = (next: readonly VariantFields[], name = 'variants') => onChange({ variants: next }, name);
  const focusSoon = (selector: string) =>
    requestAnimationFrame(() => section.current?.querySelector<HTMLElement>(selector)?.focus());
  return (
    <section ref={section} aria-labelledby="variants" class="variants">
      <h2 id="variants">{text.title}</h2>
      {variants.map((variant, at) => (
        <fieldset key={at}>
          <legend>{text.newName(at + 1)}</legend>
          <VariantInputs
            {...{ variant, currency: fields.currency, isNew: true, problems: problemsBelow(problems, at) }}
            images={[]}
            onChange={(changed, name) => put(variants.with(at, changed), `variants/${at}/${name}`)}
          />
          {variants.length > 1 && (
            <button
              type="button"
              class="link"
              aria-label={text.removeOf(variant.sku || String(at + 1))}
              onClick={() => {
                put(variants.toSpliced(at, 1));
                focusSoon('.add-variant');
              }}
            >
              {text.remove}
            </button>
          )}
        </fieldset>
      ))}
      <button
        type="button"
        class="add-variant"
        onClick={() => {
          put([...variants, emptyVariant]);
          focusSoon('fieldset:last-of-type input');
        }}
      >
        {text.add}
      </button>
    </section>
  );
}

interface KnownProps extends EditProps {
  readonly product: Product;
  /** A variant came or went: `said` tells so. */
  readonly onDone: (said: string) => void;
}

/** Of a listing that there is: prices and options are saved with it, adding and removing is done at once. */
export function KnownVariants({ fields, problems, onChange, product, onDone }: KnownProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [isAdding, setAdding] = useState(false);
  const done = (said: string) => {
    setAdding(false);
    onDone(said);
    requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
  };
  return (
    <section aria-labelledby="variants" class="variants">
      <h2 id="variants" ref={heading} tabIndex={-1}>
        {text.title}
      </h2>
      <CurrencyField {...{ fields, problems, onChange }} />
      {fields.variants.map((variant, at) => (
        <fieldset key={variant.sku}>
          <legend>{text.name(variant.sku)}</legend>
          <VariantInputs
            {...{ variant, currency: fields.currency, isNew: false, problems: problemsBelow(problems, at) }}
            images={product.images}
            onChange={(changed, name) =>
              onChange({ variants: fields.variants.with(at, changed) }, `variants/${at}/${name}`)
            }
          />
          <Known {...{ product, sku: variant.sku }} onDone={done} />
        </fieldset>
      ))}
      {isAdding ? (
        <Adding {...{ product, currency: fields.currency }} onDone={done} onCancel={() => setAdding(false)} />
      ) : (
        <button type="button" onClick={() => setAdding(true)}>
          {text.add}
        </button>
      )}
    </section>
  );
}

interface ActProps {
  readonly product: Product;
  readonly onDone: (said: string) => void;
}

function Known({ product, sku, onDone }: ActProps & { readonly sku: string }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const known = product.variants.find((variant) => variant.sku === sku);
  const remove = async () => {
    setBusy(true);
    try {
      await call('DELETE', `${listingPath(product.productId)}/variants/${encodeURIComponent(sku)}`);
      setAsking(false);
      onDone(text.removed(sku));
    } catch (error) {
      setProblem(
        error instanceof ApiError && error.code === 'variant_in_use' ? text.inUse : sentenceOf(error),
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="buttons">
      <span class="quiet">{known?.available === undefined ? '' : text.left(count(known.available))}</span>
      {product.variants.length > 1 && (
        <button type="button" class="link" aria-label={text.removeOf(sku)} onClick={() => setAsking(true)}>
          {text.remove}
        </button>
      )}
      {isAsking && (
        <Dialog
          {...{ title: text.removeTitle, stay: text.keep, act: text.remove, isBusy, problem }}
          onAct={remove}
          onClose={() => {
            setAsking(false);
            setProblem(null);
          }}
        >
          <p>{sku}</p>
          <p>{text.removeText}</p>
        </Dialog>
      )}
    </div>
  );
}

interface AddingProps extends ActProps {
  readonly currency: string;
  readonly onCancel: () => void;
}

function Adding({ product, currency, onDone, onCancel }: AddingProps) {
  const [variant, setVariant] = useState(emptyVariant);
  const [problems, setProblems] = useState<ListingProblems>({});
  const [alert, setAlert] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  // As long as nobody has answered it is the same request again.
  const key = useRef(uuid());
  const fieldset = useRef<HTMLFieldSetElement>(null);
  useEffect(() => fieldset.current?.querySelector('input')?.focus(), []);
  const add = async () => {
    const found = variantProblems(variant, currency, true);
    setProblems(found);
    setAlert(null);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      const body = { ...newVariantOf(variant, currency), images: variant.images };
      const headers = { 'Idempotency-Key': key.current };
      await call('POST', `${listingPath(product.productId)}/variants`, { body, headers });
      onDone(text.added(body.sku));
    } catch (error) {
      setBusy(false);
      if (error instanceof ApiError && error.isPassing) return setAlert(sentenceOf(error));
      key.current = uuid();
      if (error instanceof ApiError && error.code === 'sku_taken')
        return setProblems({ sku: listingWords.taken(variant.sku.trim()) });
      const atFields = Object.entries(fieldProblemsOf(error)).map(([pointer, message]) => [
        fieldAt(`/variants/0${pointer}`, () => 0)!
          .split('/')
          .at(-1)!,
        message,
      ]);
      if (atFields.length === 0) setAlert(sentenceOf(error));
      else setProblems(Object.fromEntries(atFields));
    }
  };
  return (
    <fieldset ref={fieldset}>
      <legend>{text.add}</legend>
      <VariantInputs
        {...{ variant, currency, isNew: true, problems, images: product.images }}
        onChange={(changed, name) => {
          setVariant(changed);
          key.current = uuid();
          setProblems(({ [name]: _, ...others }) => others);
        }}
      />
      {alert !== null && (
        <p class="problem" role="alert">
          {alert}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="ink" disabled={isBusy} onClick={add}>
          {text.save}
        </button>
        <button type="button" onClick={onCancel}>
          {text.cancel}
        </button>
      </div>
    </fieldset>
  );
}
