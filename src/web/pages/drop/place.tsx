/** The place in line: where you stand, how long it takes, what your chance is, and what happens next. */
import './place.css';
import { useMemo, useState } from 'preact/hooks';
import { serverNow, tick } from '../../clock.ts';
import { count, timeOfDay, wait } from '../../format.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Figure } from '../../parts/figure.tsx';
import { Stack } from '../../parts/stack.tsx';
import { Strip } from '../../parts/strip.tsx';
import { Timer } from '../../parts/timer.tsx';
import { session } from '../../session.ts';
import { words as common } from '../../words.ts';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';
import { asOf, isStale, span, stripOf } from './shown.ts';
import { type Sale, stockOf, type Ticket, waitOf, waitReasonOf } from './state.ts';
import { Tell } from './tell.tsx';

interface Props {
  readonly drop: Drop;
  readonly sale: Sale;
  readonly ticket: Ticket;
}

export function Place({ drop, sale, ticket }: Props) {
  const strip = useMemo(() => stripOf(drop), [drop]);
  const isLot = ticket.ticketNumber === null;
  return (
    <section class={isStale(drop) ? 'place stale' : 'place'} aria-labelledby="place">
      <h2 id="place" class="visually-hidden" tabIndex={-1}>
        {words.place.region}
      </h2>
      <Strip view={strip} progress={isLot ? lotProgress : progressOf(drop, ticket)} />
      <div class="place-grid">
        <Numbers drop={drop} sale={sale} ticket={ticket} />
        <div class="side">
          <Next sale={sale} />
          {isLot && sale.seedCommitment !== undefined && (
            <a href={`/drops/${sale.saleId}/draw`}>{words.place.draw}</a>
          )}
          <div class="acts">
            <Tell />
            <Leave drop={drop} ticket={ticket} />
          </div>
          {session.value?.account === null && (
            <p class="quiet small">
              {words.place.guest}{' '}
              <a href={`/register?next=${encodeURIComponent(`/drops/${sale.saleId}`)}`}>
                {common.signIn.create}
              </a>
            </p>
          )}
        </div>
      </div>
    </section>
  );
}

const lotProgress = { label: words.strip, percent: 0, text: words.stripLot };

function progressOf(drop: Drop, { ticketNumber }: Ticket) {
  const before = Math.max(0, (ticketNumber ?? 1) - 1);
  // Those who left stand no more before anybody.
  const gone = Math.max(0, before - drop.ahead.value);
  return {
    label: words.strip,
    percent: before === 0 ? 100 : Math.floor((100 * gone) / before),
    text: words.stripText(count(gone), count(before)),
  };
}

function Numbers({ drop, sale, ticket }: Props) {
  const { place, before } = words;
  const { phase, serving } = drop.state;
  const ahead = drop.ahead.value;
  const isLot = ticket.ticketNumber === null;
  const isPrequeue = phase === 'prequeue';
  const reason = waitReasonOf(drop.state);
  const { onHold } = stockOf(drop.state);
  const big = isLot ? (serving ?? ticket).queueLength : ahead;
  return (
    <div class={big > 99_999 ? 'numbers long' : 'numbers'}>
      <Figure label={isLot ? place.inLine : place.ahead} value={count(big)} kind="huge" />
      <div class="pair">
        <Figure label={place.number} value={isLot ? place.byLot : count(ticket.ticketNumber)} />
        {isPrequeue && <Timer label={before.startsIn} until={sale.startsAt} />}
        {!isLot && (
          <Figure
            label={place.wait}
            value={reason === 'paused' ? place.waitPaused : wait(waitOf(drop.state, ahead))}
            kind="words"
          />
        )}
        {reason === 'units_on_hold' && <Figure label={place.mayComeBack} value={count(onHold)} />}
      </div>
      <Chance drop={drop} sale={sale} ticket={ticket} />
      <Why drop={drop} sale={sale} />
    </div>
  );
}

function Chance({ drop, sale, ticket }: Props) {
  const { place } = words;
  const stock = stockOf(drop.state);
  const ahead = ticket.ticketNumber === null ? null : drop.ahead.value;
  return (
    <div class="chance">
      <Stacks sale={sale} stock={stock} ahead={ahead} />
      <Figure
        label={place.chance}
        value={
          <span class={`outlook ${ticket.outlook}`}>
            <i aria-hidden="true">
              <b />
            </i>
            {place.outlook[ticket.outlook] ?? common.wait.unknown}
          </span>
        }
        kind="words"
      />
    </div>
  );
}

interface StacksProps {
  readonly sale: Sale;
  readonly stock: ReturnType<typeof stockOf>;
  readonly ahead: number | null;
  readonly isOver?: boolean;
}

/** One a SKU, side by side; more than four say nothing any more. */
export function Stacks({ sale, stock, ahead, isOver = false }: StacksProps) {
  const common = { ahead, isOver, you: words.you };
  if (sale.items.length === 1 || sale.items.length > 4) return <Stack {...stock} {...common} />;
  return (
    <ul class="stacks">
      {sale.items.map(({ sku, title, quantity, left = null, onHold = null }) => (
        <li key={sku}>
          <Stack {...{ quantity, left, onHold }} {...common} />
          <span>{title ?? sku}</span>
        </li>
      ))}
    </ul>
  );
}

/** One slot for the reason, the age, the pause: nothing else moves when it changes. */
function Why({ drop, sale }: Pick<Props, 'drop' | 'sale'>) {
  const { place } = words;
  const reason = waitReasonOf(drop.state);
  const stock = stockOf(drop.state);
  const ahead = drop.ahead.value;
  const newest = asOf(drop.state);
  const isNear = ahead < 10 && drop.state.phase === 'active';
  if (isStale(drop) && newest !== null) {
    void tick.value;
    const seconds = Math.max(0, Math.round((serverNow() - Date.parse(newest)) / 1000));
    return (
      <div class="why">
        <p>
          <b class="age">
            {place.asOf(timeOfDay(Date.parse(newest)))} {place.ago(count(seconds))}
          </b>{' '}
          {place.lost} {place.kept}
        </p>
      </div>
    );
  }
  return (
    <div class="why">
      {reason === 'paused' && (
        <div class="note caution">
          <b>{place.paused}</b>
          <p>{place.pausedText}</p>
        </div>
      )}
      {reason === 'units_on_hold' && (
        <div class="note">
          <h2>{place.onHold}</h2>
          <p>{place.onHoldText}</p>
        </div>
      )}
      <p>
        {stock.left !== null &&
          (reason === null || reason === 'release_rate') &&
          `${place.leftAndAhead(count(stock.left), count(stock.quantity), ahead, count(ahead))} `}
        {isNear ? `${place.near(count(sale.queueing.claimSeconds))} ${place.kept}` : place.kept}
      </p>
    </div>
  );
}

function Next({ sale }: Pick<Props, 'sale'>) {
  const claim = Math.min(sale.queueing.claimSeconds, sale.queueing.admissionSeconds);
  return (
    <section class="next">
      <h2 id="next">{words.place.next}</h2>
      <Steps steps={words.place.steps(count(claim), span(sale.holdSeconds))} labelledBy="next" />
    </section>
  );
}

interface StepsProps {
  readonly steps: readonly (readonly [title: string, text: string])[];
  readonly labelledBy: string;
}

export function Steps({ steps, labelledBy }: StepsProps) {
  return (
    <ol class="steps" aria-labelledby={labelledBy}>
      {steps.map(([title, text]) => (
        <li key={title}>
          <b>{title}</b>
          <span>{text}</span>
        </li>
      ))}
    </ol>
  );
}

export function Leave({ drop, ticket, text }: { drop: Drop; ticket: Ticket; text?: string }) {
  const [isAsking, setAsking] = useState(false);
  const { place } = words;
  const number = ticket.ticketNumber;
  return (
    <>
      <button
        type="button"
        class="link"
        disabled={drop.buying.isJoining.value}
        onClick={() => setAsking(true)}
      >
        {text ?? place.leave}
      </button>
      {isAsking && (
        <Dialog
          title={place.leaveTitle}
          act={place.leaveYes}
          stay={place.leaveNo}
          onClose={() => setAsking(false)}
          onAct={() => {
            setAsking(false);
            void drop.buying.leave();
          }}
        >
          <p>{number === null ? place.leaveLot : place.leaveText(count(number))}</p>
        </Dialog>
      )}
    </>
  );
}
