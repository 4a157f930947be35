/** The turn: the time to choose, and the units. Red fills the screen here, and nowhere else. */
import './turn.css';
import { useId, useMemo, useState } from 'preact/hooks';
import { count, money } from '../../format.ts';
import { addressLines } from '../../parts/address-fields.tsx';
import { Picture } from '../../parts/picture.tsx';
import { Strip } from '../../parts/strip.tsx';
import { Timer } from '../../parts/timer.tsx';
import { sentenceOf } from '../../parts/trouble.tsx';
import { Warning } from '../../parts/warning.tsx';
import { words } from '../../words-drop.ts';
import { Waiting } from './before.tsx';
import { draft } from './draft.ts';
import type { Drop } from './model.ts';
import { Leave } from './place.tsx';
import { stripOf } from './shown.ts';
import type { Item, Notice, Sale, Ticket } from './state.ts';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
  readonly ticket: Ticket;
}

export function Turn({ drop, sale, ticket }: Props) {
  const { notice } = drop.state;
  const isAgain = notice?.kind === 'declined' || notice?.kind === 'ranOut';
  return (
    <>
      {isAgain ? <Again {...{ sale, ticket, notice }} /> : <Field {...{ drop, sale, ticket }} />}
      <div class="take">
        {notice !== null && !isAgain && (
          <p class="problem" role="alert">
            {noticeText(notice)}
          </p>
        )}
        {sale.items.map((item) => (
          <Take key={item.sku} drop={drop} item={item} />
        ))}
        <Leave drop={drop} ticket={ticket} text={words.turn.release} />
      </div>
    </>
  );
}

function Field({ drop, sale, ticket }: Props) {
  const strip = useMemo(() => stripOf(drop), [drop]);
  const { turn } = words;
  return (
    <section class="field-red">
      <div class="turn-head">
        <div>
          <div role="alert">
            <h2 tabIndex={-1}>{turn.title}</h2>
          </div>
          <p class="quiet">{turn.lead}</p>
        </div>
        <Choose sale={sale} ticket={ticket} />
      </div>
      <Strip view={strip} />
    </section>
  );
}

/** Until a unit is held this is the time to claim the turn, afterwards what is left of it: the server says which. */
function Choose({ sale, ticket }: Omit<Props, 'drop'>) {
  const until = ticket.admission?.expiresAt;
  if (until === undefined) return null;
  const { claimSeconds, admissionSeconds } = sale.queueing;
  const isClaimed = (ticket.admission as { claimed?: boolean }).claimed === true;
  return (
    <div class="choose">
      <Timer label={words.turn.timer} until={until} kind="huge" />
      <Warning
        until={until}
        limitSeconds={isClaimed ? admissionSeconds : Math.min(claimSeconds, admissionSeconds)}
        label={words.turn.timer}
        sentence={words.turn.seconds}
      />
    </div>
  );
}

function Again({ sale, ticket, notice }: Omit<Props, 'drop'> & { readonly notice: Notice }) {
  const { declined, ranOut } = words;
  const isDeclined = notice.kind === 'declined';
  return (
    <div class="again">
      <div class="note bad" role="alert">
        <h2 tabIndex={-1}>
          {isDeclined ? (notice.isCard ? declined.title : declined.failed) : ranOut.title}
        </h2>
        <p>
          {isDeclined
            ? `${notice.isCard ? (declined.reasons[notice.declineCode ?? ''] ?? declined.otherwise) : ''} ${declined.text}`
            : ranOut.text}
        </p>
      </div>
      <div class="again-grid">
        <Choose sale={sale} ticket={ticket} />
        <KeptDetails />
      </div>
    </div>
  );
}

/** What was typed, so that nobody fears to type it again. */
function KeptDetails() {
  const { address } = draft.value;
  if (!address.name) return null;
  return (
    <section class="kept">
      <h3>{words.declined.kept}</h3>
      <p>{addressLines({ country: '', ...address }).join(', ')}</p>
      <p class="quiet small">{words.declined.keptText}</p>
    </section>
  );
}

export function noticeText(notice: Notice): string {
  const { turn } = words;
  switch (notice.kind) {
    case 'few':
      return turn.few(count(notice.available));
    case 'limit':
      return turn.limit(words.units(notice.limit, count(notice.limit)));
    case 'holdsPaused':
      return turn.paused;
    case 'taken':
      return words.taken;
    case 'trouble':
      return sentenceOf(notice.error);
    case 'declined':
      return notice.isCard ? words.declined.title : words.declined.failed;
    case 'ranOut':
      return words.ranOut.title;
  }
}

/** One SKU: what it is, how many, and the button that holds it. */
function Take({ drop, item }: { readonly drop: Drop; readonly item: Item }) {
  const id = useId();
  const [text, setText] = useState('1');
  const { turn } = words;
  const { buying } = drop;
  const most = Math.max(1, Math.min(item.purchaseLimit, item.left ?? item.purchaseLimit));
  const wanted = Math.min(most, Math.max(1, Math.floor(Number(text)) || 1));
  const isNone = item.left === 0;
  return (
    // biome-ignore lint/a11y/useSemanticElements: an item is no set of form fields
    <div class="item" role="group" aria-labelledby={id}>
      <Picture url={item.imageUrl} title={item.title ?? item.sku} />
      <div class="what">
        <h3 id={id}>{item.title ?? item.sku}</h3>
        <p>
          <b>{money(item.price)}</b>{' '}
          <span class="quiet">{words.each(item.purchaseLimit, count(item.purchaseLimit))}</span>
        </p>
        <p class="quiet small">
          {item.left == null ? null : isNone ? turn.noneNow : turn.left(count(item.left))}
        </p>
      </div>
      <form
        class="act"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void buying.hold(item.sku, wanted);
        }}
      >
        {item.purchaseLimit > 1 && (
          <div class="field">
            <label for={`${id}-units`}>{turn.quantity}</label>
            <input
              id={`${id}-units`}
              type="number"
              inputMode="numeric"
              min={1}
              max={most}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              onBlur={() => setText(String(wanted))}
            />
          </div>
        )}
        <button type="submit" class="primary go" disabled={buying.isHolding.value}>
          {buying.isHolding.value ? (
            <Waiting drop={drop} text={turn.holding} />
          ) : (
            turn.hold(wanted, count(wanted))
          )}
        </button>
        <p class="quiet small">{turn.costs}</p>
      </form>
    </div>
  );
}
