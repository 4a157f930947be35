/** The fields of a listing but for its variants and images: what it is, and its attributes. */
import { useRef } from 'preact/hooks';
import { Field } from '../parts/field.tsx';
import { TextArea } from '../parts/text-area.tsx';
import { listingWords } from '../words-listing.ts';
import type { AttributeFields, ListingFields, ListingProblems, TextField } from './listing-draft.ts';

const text = listingWords;

export interface EditProps {
  readonly fields: ListingFields;
  readonly problems: ListingProblems;
  /** What is other now; `name`: of the field that was touched, whose problem is no longer its own. */
  readonly onChange: (changed: Partial<ListingFields>, name: string) => void;
}

export function AboutFields({ fields, problems, onChange }: EditProps) {
  const of = (name: TextField) => ({
    ...{ label: text.fields[name], name, value: fields[name], problem: problems[name] ?? null },
    onInput: (value: string) => onChange({ [name]: value }, name),
  });
  return (
    <>
      <h2>{text.about}</h2>
      <Field {...of('title')} maxLength={200} />
      <TextArea {...of('description')} rows={7} maxLength={10_000} />
      <div class="pair roomy">
        <Field {...of('brand')} maxLength={100} />
        <Field {...of('category')} maxLength={200} note={text.notes.category} />
      </div>
      <Field {...of('tags')} maxLength={1_200} note={text.notes.tags} />
      <Attributes {...{ fields, problems, onChange }} />
    </>
  );
}

function Attributes({ fields, problems, onChange }: EditProps) {
  const words = text.attributes;
  const section = useRef<HTMLFieldSetElement>(null);
  const { attributes } = fields;
  const put = (next: readonly AttributeFields[]) => onChange({ attributes: next }, 'attributes');
  const focusSoon = (selector: string) =>
    requestAnimationFrame(() => section.current?.querySelector<HTMLElement>(selector)?.focus());
  const add = () => {
    put([...attributes, { name: '', value: '' }]);
    focusSoon('li:last-child input');
  };
  const remove = (at: number) => {
    put(attributes.toSpliced(at, 1));
    // What had the focus is gone then.
    focusSoon('.add-attribute');
  };
  const isInvalid = problems.attributes !== undefined;
  return (
    <fieldset ref={section} class="attributes">
      <legend>{words.title}</legend>
      {attributes.length === 0 && <p class="field-note">{words.none}</p>}
      <ul>
        {attributes.map((attribute, at) => (
          // Rows have no name of their own: the name is typed.
          <li key={at}>
            {(['name', 'value'] as const).map((part) => (
              <input
                key={part}
                type="text"
                value={attribute[part]}
                maxLength={part === 'name' ? 64 : 1_000}
                placeholder={part === 'name' ? words.nameShort : words.valueShort}
                aria-label={words[part](at + 1)}
                {...(isInvalid && attribute[part].trim() === ''
                  ? { 'aria-invalid': true, 'aria-describedby': 'attributes-problem' }
                  : {})}
                onInput={(event) =>
                  put(attributes.with(at, { ...attribute, [part]: event.currentTarget.value }))
                }
              />
            ))}
            <button
              type="button"
              class="link"
              aria-label={words.removeOf(attribute.name || String(at + 1))}
              onClick={() => remove(at)}
            >
              {words.remove}
            </button>
          </li>
        ))}
      </ul>
      {isInvalid && (
        <p class="problem" id="attributes-problem">
          {problems.attributes}
        </p>
      )}
      <button type="button" class="add-attribute" onClick={add}>
        {words.add}
      </button>
    </fieldset>
  );
}
