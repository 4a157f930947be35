/** Before somebody stands in line: what it is, what it costs, when the door opens, and the one button. */
import './before.css';
import { useMemo, useState } from 'preact/hooks';
import { tick } from '../../clock.ts';
import { count, moment, time } from '../../format.ts';
import { Field } from '../../parts/field.tsx';
import { Figure } from '../../parts/figure.tsx';
import { Picture } from '../../parts/picture.tsx';
import { Strip } from '../../parts/strip.tsx';
import { Timer } from '../../parts/timer.tsx';
import { sentenceOf } from '../../parts/trouble.tsx';
import { isSignedIn } from '../../session.ts';
import { words as common } from '../../words.ts';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';
import { eachText, priceText, stripOf, unitsText } from './shown.ts';
import { type Sale, stockOf } from './state.ts';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
}

export function Before({ drop, sale }: Props) {
  const strip = useMemo(() => stripOf(drop), [drop]);
  const { phase } = drop.state;
  const isWaiting = phase === 'scheduled' || phase === 'prequeue';
  return (
    <>
      <div class="poster">
        <Picture url={sale.items.find(({ imageUrl }) => imageUrl)?.imageUrl} title={sale.title} />
      </div>
      <div class="say">
        {!isWaiting && <p class="since">{words.before.openSince(sinceText(sale.startsAt))}</p>}
        <p class="lots">
          <b>{priceText(sale)}</b> <span>{unitsText(sale)}</span> <span>{eachText(sale)}</span>
        </p>
        {isWaiting ? (
          <>
            <Timer label={words.before.startsIn} until={sale.startsAt} kind="huge" />
            <p class="quiet">
              <b class="inked">{words.before.when(moment(sale.startsAt))}</b> {lineSentence(sale, phase)}
            </p>
          </>
        ) : (
          <Open drop={drop} />
        )}
        {phase === 'scheduled' ? null : <Join drop={drop} sale={sale} />}
      </div>
      <Strip view={strip} />
      <div class="three">
        {words.before.facts.map(([title, text]) => (
          <div key={title}>
            <b>{title}</b>
            <p>{text}</p>
          </div>
        ))}
      </div>
    </>
  );
}

const dayMs = 24 * 3_600_000;
const sinceText = (iso: string) => (Date.now() - Date.parse(iso) < dayMs / 2 ? time(iso) : moment(iso));

function lineSentence({ prequeueAt }: Sale, phase: string | null): string {
  if (phase === 'prequeue') return words.before.lineIsOpen;
  return prequeueAt == null ? words.before.noLine : words.before.lineOpens(moment(prequeueAt));
}

function Open({ drop }: { readonly drop: Drop }) {
  const { serving, phase } = drop.state;
  const { quantity, left } = stockOf(drop.state);
  const { before } = words;
  return (
    <>
      <Figure
        label={left === null ? before.units : before.unitsLeft}
        value={count(left ?? quantity)}
        kind={left !== null && left > 99_999 ? 'huge long' : 'huge'}
      />
      <p class="quiet">
        {phase === 'paused'
          ? before.paused
          : serving !== null &&
            `${before.inLine(serving.queueLength, count(serving.queueLength))} ${before.chanceIs(before.chance[serving.outlook] ?? serving.outlook)}`}
      </p>
    </>
  );
}

/** The button, and why it was refused. */
function Join({ drop, sale }: Props) {
  const { before } = words;
  const { buying } = drop;
  const [code, setCode] = useState('');
  const [isMissing, setMissing] = useState(false);
  const refused = buying.refused.value;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setMissing(sale.inviteOnly && code.trim() === '');
    if (!sale.inviteOnly) void buying.join();
    else if (code.trim() !== '') void buying.join(code.trim());
  };
  const codeProblem = isMissing
    ? before.codeMissing
    : refused?.kind === 'code'
      ? refused.error.message
      : null;
  return (
    <form class="join" onSubmit={submit} noValidate>
      {refused?.kind === 'address' && (
        <div class="note caution" role="alert">
          <h2 tabIndex={-1}>{words.refused.address}</h2>
          <p>
            {words.refused.addressText(refused.limit === null ? common.wait.unknown : count(refused.limit))}
          </p>
        </div>
      )}
      {(sale.inviteOnly || refused?.kind === 'code') && (
        <Field
          label={before.code}
          name="code"
          value={code}
          autocomplete="off"
          maxLength={64}
          onInput={setCode}
          problem={codeProblem}
          note={before.codeNote}
        />
      )}
      <p>
        <button type="submit" class="primary go" disabled={buying.isJoining.value}>
          {buying.isJoining.value ? <Waiting drop={drop} /> : before.join}
        </button>
      </p>
      <p class="problem" role={refused ? 'alert' : undefined}>
        {refused?.kind === 'trouble' && sentenceOf(refused.error)}
        {refused?.kind === 'notOpen' && before.notOpen}
      </p>
      {isSignedIn.value ? (
        <p class="quiet">{before.signedIn}</p>
      ) : (
        <p class="quiet">
          <span class="inked">{before.noAccount}</span>{' '}
          <a href={`/signin?next=${encodeURIComponent(`/drops/${sale.saleId}`)}`}>{before.signIn}</a>{' '}
          {before.signInWhy}
        </p>
      )}
    </form>
  );
}

/** The button of a busy server waits by itself. */
export function Waiting({ drop, text }: { readonly drop: Drop; readonly text?: string }) {
  void tick.value;
  const at = drop.buying.patience.retryAtMs.value;
  if (at === null) return <>{text ?? words.before.joining}</>;
  return <>{common.trouble.tryingAgain(String(Math.max(1, Math.ceil((at - performance.now()) / 1000))))}</>;
}
