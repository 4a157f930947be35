/**
 * The fields of a shipping address. They hold what is typed themselves: `readAddress` reads them from their form, and
 * whoever keeps them reads them at each `input` of it.
 */
import { useId } from 'preact/hooks';
import type { NewAddress } from '../../market/accounts/schemas.ts';
import { words } from '../words.ts';
import { countries, countryName, likelyCountry } from './countries.ts';
import { Field } from './field.tsx';
import type { FieldProblems } from './field-problems.ts';

interface AddressFieldsProps {
  readonly initial?: Partial<NewAddress> | null;
  readonly problems: FieldProblems;
  /** The JSON pointer of the address in its request. */
  readonly pointer?: string;
}

export function AddressFields({ initial, problems, pointer = '' }: AddressFieldsProps) {
  const text = words.address;
  const of = (name: Exclude<keyof NewAddress, 'country'>) => ({
    ...{ name, label: text[name], defaultValue: initial?.[name] ?? '' },
    problem: problems[`${pointer}/${name}`] ?? null,
  });
  return (
    <>
      <Field {...of('name')} autocomplete="name" maxLength={100} required />
      <Field {...of('line1')} autocomplete="address-line1" maxLength={200} required />
      <Field {...of('line2')} autocomplete="address-line2" maxLength={200} />
      <div class="pair roomy">
        {/* Not required: some countries have none, and the API knows which. */}
        <Field {...of('city')} autocomplete="address-level2" maxLength={100} />
        <Field {...of('state')} autocomplete="address-level1" maxLength={100} />
      </div>
      <div class="pair">
        <Field {...of('postalCode')} autocomplete="postal-code" maxLength={20} />
        <CountryField
          code={initial?.country ?? likelyCountry()}
          problem={problems[`${pointer}/country`] ?? null}
        />
      </div>
    </>
  );
}

export function CountryField({ code, problem }: { readonly code: string; readonly problem: string | null }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{words.address.country}</label>
      <select
        {...{ id, name: 'country', autocomplete: 'country' }}
        {...(problem ? { 'aria-invalid': true, 'aria-describedby': `${id}-problem` } : {})}
      >
        {countries.map((each) => (
          <option key={each.code} value={each.code} selected={each.code === code}>
            {each.name}
          </option>
        ))}
      </select>
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

export function readAddress(form: HTMLFormElement): NewAddress {
  const fields = new FormData(form);
  const text = (name: string) => String(fields.get(name) ?? '').trim();
  const maybe = (name: string) => (text(name) === '' ? {} : { [name]: text(name) });
  return {
    ...{ name: text('name'), line1: text('line1'), country: text('country') },
    ...{ ...maybe('line2'), ...maybe('city'), ...maybe('state'), ...maybe('postalCode') },
  };
}

/** As it stands on a parcel. */
export function addressLines(address: Partial<NewAddress> & { readonly country: string }): string[] {
  const { name, line1, line2, city, state, postalCode, country } = address;
  const place = [city, [state, postalCode].filter(Boolean).join(' ')].filter(Boolean).join(', ');
  return [name, line1, line2, place, countryName(country)].filter((line) => !!line) as string[];
}
