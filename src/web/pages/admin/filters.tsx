/** What a list is narrowed by. It stands in the address, so that a link or a reload shows the same list. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Field } from '../../parts/field.tsx';
import { address, go } from '../../router.ts';
import { adminWords } from '../../words-admin.ts';

export type Filters = Readonly<Record<string, string>>;

/** The names that are given, as the address has them. */
export function filtersOf(names: readonly string[]): Filters {
  const { searchParams } = address.value;
  return Object.fromEntries(
    names.map((name) => [name, searchParams.get(name)?.trim() ?? '']).filter(([, value]) => value !== ''),
  );
}

export function setFilter(name: string, value: string): void {
  const url = new URL(address.value);
  if (value.trim() === '') url.searchParams.delete(name);
  else url.searchParams.set(name, value.trim());
  if (url.href !== address.value.href) go(url.href, true);
}

/** For the API: begins with `?`. */
export function queryOf(filters: Filters, limit = 20): string {
  return `?${new URLSearchParams({ ...filters, limit: String(limit) })}`;
}

const quietMs = 250;

interface TypedFilterProps {
  readonly label: string;
  readonly name: string;
  readonly note?: string;
}

/** Written to the address once nothing was typed for a moment, or at Enter. */
export function TypedFilter({ label, name, note }: TypedFilterProps) {
  const inAddress = address.value.searchParams.get(name) ?? '';
  const [typed, setTyped] = useState(inAddress);
  const written = useRef(inAddress);
  // The address was changed by something else than this field.
  useEffect(() => {
    if (inAddress !== written.current) setTyped(inAddress);
    written.current = inAddress;
  }, [inAddress]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (typed.trim() === written.current) return;
      written.current = typed.trim();
      setFilter(name, typed);
    }, quietMs);
    return () => clearTimeout(timer);
  }, [name, typed]);
  return (
    <Field
      {...{ label, name, value: typed, onInput: setTyped, autocomplete: 'off' }}
      {...(note === undefined ? {} : { note })}
    />
  );
}

interface ChosenFilterProps {
  readonly label: string;
  readonly name: string;
  readonly options: readonly (readonly [value: string, text: string])[];
}

export function ChosenFilter({ label, name, options }: ChosenFilterProps) {
  const id = useId();
  const chosen = address.value.searchParams.get(name) ?? '';
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} onChange={(event) => setFilter(name, event.currentTarget.value)}>
        {[['', adminWords.list.all] as const, ...options].map(([value, text]) => (
          <option key={value} value={value} selected={value === chosen}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

export function FilterForm({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <search class="admin-filters" aria-label={label}>
      <form onSubmit={(event) => event.preventDefault()}>{children}</form>
    </search>
  );
}
