/** What is kept of the account: a copy of it, and leaving. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Export } from '../../market/privacy/schemas.ts';
import { ApiError, call, get } from '../api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { go } from '../router.ts';
import { forgetSession } from '../session.ts';
import { identityWords } from '../words-identity.ts';

const text = identityWords.data;

export function YourData() {
  const [isAsking, setAsking] = useState(false);
  return (
    <section aria-labelledby="your-data">
      <h2 id="your-data">{text.title}</h2>
      <p>{text.text}</p>
      <Download>
        <button type="button" onClick={() => setAsking(true)}>
          {text.delete}
        </button>
      </Download>
      {isAsking && <Leave onClose={() => setAsking(false)} />}
    </section>
  );
}

const pollMs = 500;
const pollsMax = 120;

/** Asks until the copy is made; throws when it could not be. */
async function madeExport(): Promise<Export> {
  let one = (await call<Export>('POST', '/v1/me/export')).body;
  for (let polls = 0; one.status === 'running' && polls < pollsMax; polls++) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    one = await get<Export>(`/v1/me/exports/${one.exportId}`);
  }
  if (one.status !== 'done') throw new Error(one.status);
  return one;
}

/** Its button stands before the others. */
function Download({ children }: { readonly children: ComponentChildren }) {
  const [told, setTold] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const download = async () => {
    setBusy(true);
    setProblem(null);
    setTold(text.making);
    try {
      const { url } = await madeExport();
      save(JSON.stringify(await get<object>(url), null, 2));
      setTold(text.done);
    } catch (error) {
      setTold('');
      setProblem(error instanceof ApiError ? sentenceOf(error) : text.failed);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div class="buttons">
        <button type="button" class="ink" disabled={isBusy} onClick={download}>
          {text.download}
        </button>
        {children}
      </div>
      <p role="status">{told}</p>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

/** A link to the copy would need the token in the address: the page has it already. */
function save(json: string): void {
  const url = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  const link = document.createElement('a');
  Object.assign(link, { href: url, download: 'doorbuster.json' });
  link.click();
  // Not before the browser has read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function Leave({ onClose }: { readonly onClose: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const leave = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = password === '' ? {} : { currentPassword: password };
      await call('DELETE', '/v1/me', { body });
      forgetSession();
      go('/');
    } catch (error) {
      setProblem(problemOf(error, password));
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!isBusy) void leave();
  };
  return (
    <Dialog
      {...{ title: text.dialogTitle, stay: text.keep, act: text.act, isBusy, problem }}
      onAct={leave}
      onClose={onClose}
    >
      <p>{text.dialogText}</p>
      <form class="form" onSubmit={submit}>
        <Field
          {...{ label: text.dialogPassword, name: 'password', type: 'password' }}
          autocomplete="current-password"
          onInput={setPassword}
        />
      </form>
    </Dialog>
  );
}

function problemOf(error: unknown, password: string): string {
  if (!(error instanceof ApiError)) return sentenceOf(error);
  if (error.code === 'invalid_credentials') return password === '' ? text.stale : text.wrong;
  if (error.code !== 'account_in_use') return sentenceOf(error);
  const reasons = Array.isArray(error.problem.reasons) ? error.problem.reasons : [];
  return text.inUse(reasons.map((reason) => text.reasons[String(reason)] ?? String(reason)).join(', '));
}
