/** The saved addresses: add, change, remove. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SavedAddress } from '../../market/accounts/schemas.ts';
import { call } from '../api.ts';
import { AddressFields, addressLines, readAddress } from '../parts/address-fields.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { fieldProblemsOf } from '../parts/field-problems.ts';
import type { List } from '../parts/list.ts';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { peopleWords } from '../words-people.ts';

const text = peopleWords.account;
export const addressesPath = '/v1/me/addresses';

export function Addresses({ list }: { readonly list: List<SavedAddress> }) {
  const heading = useRef<HTMLHeadingElement>(null);
  /** Which one is being changed; `new`: one is added. */
  const [editing, setEditing] = useState<string | null>(null);
  // What had the focus is gone then.
  const goBack = () => {
    setEditing(null);
    requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
  };
  const done = () => {
    goBack();
    list.reload();
  };
  return (
    <section aria-labelledby="addresses">
      <h2 id="addresses" ref={heading} tabIndex={-1}>
        {text.addresses}
      </h2>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {list.items?.length === 0 && editing === null && <p>{text.noAddresses}</p>}
      {list.items !== null && list.items.length > 0 && (
        <ul class="addresses">
          {list.items.map((address) => (
            <li key={address.addressId}>
              {editing === address.addressId ? (
                <AddressForm address={address} onDone={done} onCancel={goBack} />
              ) : (
                <Saved address={address} onChange={() => setEditing(address.addressId)} onDone={done} />
              )}
            </li>
          ))}
        </ul>
      )}
      {editing === 'new' && <AddressForm address={null} onDone={done} onCancel={goBack} />}
      {list.items !== null && editing === null && (
        <button type="button" onClick={() => setEditing('new')}>
          {text.add}
        </button>
      )}
    </section>
  );
}

interface SavedProps {
  readonly address: SavedAddress;
  readonly onChange: () => void;
  readonly onDone: () => void;
}

function Saved({ address, onChange, onDone }: SavedProps) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const lines = addressLines(address);
  const short = lines.slice(0, 2).join(', ');
  const remove = async () => {
    setBusy(true);
    try {
      await call('DELETE', `${addressesPath}/${address.addressId}`);
      setAsking(false);
      onDone();
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  const makeDefault = async () => {
    try {
      await call('PATCH', `${addressesPath}/${address.addressId}`, { body: { isDefault: true } });
      onDone();
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <>
      <address>
        {lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
      </address>
      {address.isDefault && <p class="quiet">{text.isDefault}</p>}
      <div class="buttons">
        {!address.isDefault && (
          <button type="button" aria-label={text.makeDefaultOf(short)} onClick={makeDefault}>
            {text.makeDefault}
          </button>
        )}
        <button type="button" aria-label={text.changeOf(short)} onClick={onChange}>
          {text.change}
        </button>
        <button type="button" class="link" aria-label={text.removeOf(short)} onClick={() => setAsking(true)}>
          {text.remove}
        </button>
      </div>
      {problem !== null && !isAsking && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {isAsking && (
        <Dialog
          {...{ title: text.removeTitle, stay: text.keep, act: text.remove, isBusy, problem }}
          onAct={remove}
          onClose={() => setAsking(false)}
        >
          <p>{short}</p>
          <p>{text.removeText}</p>
        </Dialog>
      )}
    </>
  );
}

interface AddressFormProps {
  /** null: a new one. */
  readonly address: SavedAddress | null;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

/** What a change leaves out stays as it was, so an emptied field is sent as an empty one. */
function changeOf(form: HTMLFormElement, before: SavedAddress | null) {
  const now = readAddress(form);
  return before === null
    ? now
    : {
        ...(before.line2 === undefined ? {} : { line2: '' }),
        ...(before.state === undefined ? {} : { state: '' }),
        ...now,
      };
}

function AddressForm({ address, onDone, onCancel }: AddressFormProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const first = form.current?.querySelector<HTMLElement>(error === null ? 'input' : '[aria-invalid]');
    first?.focus();
  }, [error]);
  const problems = fieldProblemsOf(error);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const body = changeOf(event.currentTarget as HTMLFormElement, address);
    setBusy(true);
    try {
      if (address === null) await call('POST', addressesPath, { body });
      else await call('PATCH', `${addressesPath}/${address.addressId}`, { body });
      onDone();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <form ref={form} class="form" onSubmit={submit} aria-label={address === null ? text.add : text.change}>
      <AddressFields initial={address} problems={problems} />
      {error !== null && Object.keys(problems).length === 0 && (
        <p class="problem" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="ink" disabled={isBusy}>
          {text.save}
        </button>
        <button type="button" onClick={onCancel}>
          {text.cancel}
        </button>
      </div>
    </form>
  );
}
