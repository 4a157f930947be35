/** The saved addresses: add, change, remove. */
import { useState } from 'preact/hooks';
import type { SavedAddress } from '../../market/accounts/schemas.ts';
import { call } from '../api.ts';
import { AddressFields, addressLines, readAddress } from '../parts/address-fields.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { fieldProblemsOf } from '../parts/field-problems.ts';
import { type List, useList } from '../parts/list.ts';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { peopleWords } from '../words-people.ts';

const text = peopleWords.account;
const path = '/v1/me/addresses';

export function Addresses() {
  const list = useList<SavedAddress>(path, '?limit=100');
  /** Which one is being changed; `new`: one is added. */
  const [editing, setEditing] = useState<string | null>(null);
  const done = () => {
    setEditing(null);
    list.reload();
  };
  return (
    <section aria-labelledby="addresses">
      <h2 id="addresses">{text.addresses}</h2>
      {list.items === null && list.error === null && <div class="skeleton" />}
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {list.items?.length === 0 && editing === null && <p>{text.noAddresses}</p>}
      {list.items !== null && list.items.length > 0 && (
        <ul class="addresses">
          {list.items.map((address) => (
            <li key={address.addressId}>
              {editing === address.addressId ? (
                <AddressForm address={address} onDone={done} onCancel={() => setEditing(null)} />
              ) : (
                <Saved address={address} list={list} onChange={() => setEditing(address.addressId)} />
              )}
            </li>
          ))}
        </ul>
      )}
      {editing === 'new' && <AddressForm address={null} onDone={done} onCancel={() => setEditing(null)} />}
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
  readonly list: List<SavedAddress>;
  readonly onChange: () => void;
}

function Saved({ address, list, onChange }: SavedProps) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const lines = addressLines(address);
  const short = lines.slice(0, 2).join(', ');
  const remove = async () => {
    setBusy(true);
    try {
      await call('DELETE', `${path}/${address.addressId}`);
      setAsking(false);
      list.reload();
    } catch (error) {
      setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <address>
        {lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
      </address>
      <div class="buttons">
        <button type="button" aria-label={text.changeOf(short)} onClick={onChange}>
          {text.change}
        </button>
        <button type="button" class="link" aria-label={text.removeOf(short)} onClick={() => setAsking(true)}>
          {text.remove}
        </button>
      </div>
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
  const problems = fieldProblemsOf(error);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const body = changeOf(event.currentTarget as HTMLFormElement, address);
    setBusy(true);
    setError(null);
    try {
      if (address === null) await call('POST', path, { body });
      else await call('PATCH', `${path}/${address.addressId}`, { body });
      onDone();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={submit} aria-label={address === null ? text.add : text.change}>
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
