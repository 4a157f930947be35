/**
 * The form "Rates". What is typed is kept over whatever comes; a change is based on the version that is shown, and what
 * is ten times as much or as little asks first.
 */
import { useState } from 'preact/hooks';
import type { Sale, SaleStatus } from '../../market/sales/schemas.ts';
import { ApiError, call } from '../api.ts';
import { count, wait } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { opsWords } from '../words-ops.ts';
import { useActing } from './ops-acting.ts';
import { Said } from './ops-door.tsx';
import { pathOf, readTerms, type Terms } from './ops-one.ts';
import { sum } from './ops-running.ts';

const fields = [
  { name: 'releasePerSecond', min: 1, max: 100_000 },
  { name: 'activeLimit', min: 1, max: 1_000_000 },
  { name: 'admissionSeconds', min: 10, max: 3_600 },
] as const;
type RateName = (typeof fields)[number]['name'];
type Rates = Readonly<Record<RateName, number>>;

const factorThatAsks = 10;

interface RatesProps {
  readonly terms: Terms;
  readonly status: SaleStatus | null;
  readonly onAnswer: () => void;
}

export function RatesForm({ terms, status, onAnswer }: RatesProps) {
  const { rates } = opsWords;
  /** Only what somebody typed: the rest follows the drop. */
  const [typed, setTyped] = useState<Partial<Record<RateName, string>>>({});
  const [asked, setAsked] = useState<Partial<Rates> | null>(null);
  const acting = useActing(onAnswer);
  const { sale } = terms;
  const { queueing } = sale;
  const apply = async (wanted: Partial<Rates>) => {
    setAsked(null);
    if (await acting.act(() => change(terms, wanted), rates.done)) setTyped({});
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = changesOf(typed, queueing);
    if (Object.keys(wanted).length === 0) acting.say({ done: rates.nothing });
    else if (isShort(wanted.admissionSeconds, queueing))
      acting.say({ problem: rates.claim(count(queueing.claimSeconds)) });
    else if (isLarge(wanted, queueing)) setAsked(wanted);
    else void apply(wanted);
  };
  return (
    <form class="panel rates" aria-label={rates.title} onSubmit={submit}>
      <h2>{rates.title}</h2>
      {fields.map(({ name, min, max }) => (
        <Field
          key={name}
          label={rates[name]}
          name={name}
          type="number"
          inputMode="numeric"
          required
          min={min}
          max={max}
          value={typed[name] ?? String(queueing[name])}
          onInput={(text) => setTyped((before) => ({ ...before, [name]: text }))}
        />
      ))}
      <button type="submit" disabled={acting.isBusy}>
        {rates.apply}
      </button>
      <p class="quiet">
        {rates.note} {outlookOf(Number(typed.releasePerSecond ?? queueing.releasePerSecond), status)}
      </p>
      <Said acting={acting} />
      {asked !== null && (
        <Dialog
          title={rates.question}
          stay={rates.stay}
          act={rates.apply}
          onAct={() => void apply(asked)}
          onClose={() => setAsked(null)}
        >
          <p>{rates.questionText}</p>
          <ul>
            {fields.map(({ name }) =>
              asked[name] === undefined ? null : (
                <li key={name}>{rates.change(rates[name], count(queueing[name]), count(asked[name]))}</li>
              ),
            )}
          </ul>
        </Dialog>
      )}
    </form>
  );
}

function changesOf(typed: Partial<Record<RateName, string>>, now: Rates): Partial<Rates> {
  const changed = fields.flatMap(({ name }) => {
    const value = Number(typed[name] ?? now[name]);
    return value === now[name] ? [] : [[name, value] as const];
  });
  return Object.fromEntries(changed);
}

function isShort(admissionSeconds: number | undefined, { claimSeconds }: Sale['queueing']): boolean {
  return admissionSeconds !== undefined && admissionSeconds < claimSeconds;
}

function isLarge(wanted: Partial<Rates>, now: Rates): boolean {
  return fields.some(({ name }) => {
    const value = wanted[name] ?? now[name];
    return Math.max(value / now[name], now[name] / value) >= factorThatAsks;
  });
}

/** What changed meanwhile without touching the rates (the phase, say) is no reason to ask again. */
async function change({ sale, etag }: Terms, wanted: Partial<Rates>): Promise<void> {
  const send = (tag: string | null) =>
    call('PATCH', pathOf(sale.saleId), {
      body: { queueing: wanted },
      ...(tag === null ? {} : { headers: { 'If-Match': tag } }),
    });
  try {
    await send(etag);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'stale_version') throw error;
    const now = await readTerms(sale.saleId);
    if (fields.some(({ name }) => now.sale.queueing[name] !== sale.queueing[name])) throw error;
    await send(now.etag);
  }
}

/** What buyers will read of it: how long they wait. */
function outlookOf(releasePerSecond: number, status: SaleStatus | null): string {
  if (status === null || !(releasePerSecond >= 1)) return '';
  const available = sum(status.items, (item) => item.available);
  if (available === 0 && status.queueLength === 0) return '';
  return opsWords.rates.lasts(
    count(releasePerSecond),
    wait(available / releasePerSecond),
    wait(status.queueLength / releasePerSecond),
  );
}
