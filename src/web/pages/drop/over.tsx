/** A way through a drop that is over: the turn passed, the line was left, the drop ended, bought elsewhere. */
import type { ComponentChildren } from 'preact';
import { count, moment, timeOfDay } from '../../format.ts';
import { sentenceOf } from '../../parts/trouble.tsx';
import { words } from '../../words-drop.ts';
import { Waiting } from './before.tsx';
import type { Drop } from './model.ts';
import { NextDrops } from './sold-out.tsx';
import type { Sale } from './state.ts';
import { noticeText } from './turn.tsx';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
}

function Over({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="over">
      <h2 tabIndex={-1}>{title}</h2>
      {children}
    </section>
  );
}

const isJoinable = (phase: string | null) => phase === 'active' || phase === 'paused' || phase === 'prequeue';

/** At the end of the line, while there is one. */
function JoinAgain({ drop, label }: { readonly drop: Drop; readonly label: string }) {
  const { phase, serving, ticket } = drop.state;
  const { passed } = words;
  if (!isJoinable(phase))
    return (
      <a class="button" href="/drops">
        {words.ended.next}
      </a>
    );
  const people = (serving ?? ticket)?.queueLength;
  const refused = drop.buying.refused.value;
  return (
    <>
      <p>
        <button
          type="button"
          class="primary go"
          disabled={drop.buying.isJoining.value}
          onClick={() => void drop.buying.join()}
        >
          {drop.buying.isJoining.value ? <Waiting drop={drop} /> : label}
        </button>
      </p>
      <p class="quiet small">
        {people === undefined ? passed.endUnknown : passed.end(people, count(people))}
      </p>
      {refused !== null && (
        <p class="problem" role="alert">
          {refused.kind === 'address'
            ? words.refused.address
            : refused.kind === 'trouble'
              ? sentenceOf(refused.error)
              : ''}
        </p>
      )}
    </>
  );
}

export function Passed({ drop, sale }: Props) {
  const { notice } = drop.state;
  const { passed, declined, ranOut } = words;
  const endsMs = Date.parse(drop.kept?.value.turnEnds ?? '');
  const beganMs = endsMs - sale.queueing.claimSeconds * 1000;
  return (
    <Over title={passed.title}>
      {notice !== null && (
        <div class="note bad" role="alert">
          <b>{noticeText(notice)}</b>
          <p>{notice.kind === 'declined' ? declined.over : notice.kind === 'ranOut' ? ranOut.over : null}</p>
        </div>
      )}
      {notice === null && (
        <p>{Number.isNaN(endsMs) ? passed.text : passed.fromTo(timeOfDay(beganMs), timeOfDay(endsMs))}</p>
      )}
      <JoinAgain drop={drop} label={passed.join} />
    </Over>
  );
}

export function Left({ drop }: Pick<Props, 'drop'>) {
  const number = drop.state.ticket?.ticketNumber ?? null;
  const { left, before } = words;
  return (
    <Over title={left.title}>
      <p>{number === null ? left.textLot : left.text(count(number))}</p>
      <JoinAgain drop={drop} label={before.join} />
    </Over>
  );
}

export function Ended({ sale }: Pick<Props, 'sale'>) {
  const { ended } = words;
  const isOverByTime = Date.parse(sale.endsAt) <= Date.now();
  return (
    <Over title={ended.title}>
      <p>{isOverByTime ? ended.text(moment(sale.endsAt)) : ended.closed}</p>
      <NextDrops besides={sale.saleId} />
    </Over>
  );
}

/** The ticket says so, and the order has not been found yet. */
export function Bought() {
  const { receipt } = words;
  return (
    <Over title={receipt.bought}>
      <p>{receipt.boughtText}</p>
      <a class="button" href="/orders">
        {receipt.orders}
      </a>
    </Over>
  );
}

/** A newer server has states that this page does not have. */
export function Unknown() {
  const { unknown } = words;
  return (
    <Over title={unknown.title}>
      <p>{unknown.text}</p>
      <button type="button" onClick={() => location.reload()}>
        {unknown.reload}
      </button>
    </Over>
  );
}
