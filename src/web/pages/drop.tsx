/** A drop, from the countdown to the receipt. */
import './drop.css';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { Page } from '../parts/page.tsx';
import { readPayments } from '../parts/payments.ts';
import { Trouble } from '../parts/trouble.tsx';
import { words } from '../words-drop.ts';
import { Before } from './drop/before.tsx';
import { Head } from './drop/head.tsx';
import { Held } from './drop/held.tsx';
import { Drop } from './drop/model.ts';
import { Bought, Ended, Left, Passed, Unknown } from './drop/over.tsx';
import { Paying } from './drop/paying.tsx';
import { Place } from './drop/place.tsx';
import { Receipt } from './drop/receipt.tsx';
import { titleOf } from './drop/shown.ts';
import { SoldOut } from './drop/sold-out.tsx';
import type { Sale } from './drop/state.ts';
import { useBell } from './drop/tell.tsx';
import { Turn } from './drop/turn.tsx';
import { Updates } from './drop/updates.tsx';
import { NotHere } from './not-here.tsx';

export default function DropPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  const saleId = params.saleId!;
  const drop = useMemo(() => new Drop(saleId), [saleId]);
  useEffect(() => {
    drop.start();
    void readPayments();
    return () => drop.stop();
  }, [drop]);
  const { sale } = drop.state;
  useFocusOnChange(drop);
  useBell(drop, sale?.title ?? '');
  const error = drop.error.value;
  if (sale === null && error instanceof ApiError && error.status === 404) return <NotHere />;
  const screen = drop.screen.value;
  if (sale === null || screen === 'loading')
    return (
      <Page heading={sale?.title ?? words.loading} title={titleOf(drop)} kind="drop">
        {error !== null && sale === null ? (
          <Trouble error={error} onRetry={() => void drop.refresh()} />
        ) : (
          <p class="visually-hidden">{words.loadingText}</p>
        )}
      </Page>
    );
  const { notice } = drop.state;
  const isRed = screen === 'turn' && notice?.kind !== 'declined' && notice?.kind !== 'ranOut';
  return (
    <Page
      // The poster has another order than the other screens: nothing is moved from the one to the other.
      key={screen === 'before' ? 'before' : 'in'}
      heading={sale.title}
      title={titleOf(drop)}
      kind={`drop on-${screen}${isRed ? ' is-red' : ''}`}
      aside={<Head sale={sale} />}
    >
      <Content drop={drop} sale={sale} />
      <Updates drop={drop} />
    </Page>
  );
}

function Content({ drop, sale }: { readonly drop: Drop; readonly sale: Sale }) {
  const { ticket, order, holds } = drop.state;
  switch (drop.screen.value) {
    case 'before':
      return <Before drop={drop} sale={sale} />;
    case 'place':
      return ticket && <Place drop={drop} sale={sale} ticket={ticket} />;
    case 'turn':
      return ticket && <Turn drop={drop} sale={sale} ticket={ticket} />;
    case 'held':
      return <Held drop={drop} sale={sale} holds={holds} />;
    case 'paying':
      return <Paying drop={drop} />;
    case 'receipt':
      return order && <Receipt sale={sale} order={order} />;
    case 'soldOut':
      return <SoldOut drop={drop} sale={sale} />;
    case 'passed':
      return <Passed drop={drop} sale={sale} />;
    case 'left':
      return <Left drop={drop} />;
    case 'ended':
      return <Ended sale={sale} />;
    case 'bought':
      return <Bought />;
    default:
      return <Unknown />;
  }
}

/** When a state replaces the screen, focus goes to its heading; not when the page is loaded. */
function useFocusOnChange(drop: Drop): void {
  const screen = drop.screen.value;
  const noticeKind = drop.state.notice?.kind ?? null;
  const key = screen === 'turn' && (noticeKind === 'declined' || noticeKind === 'ranOut') ? 'again' : screen;
  const before = useRef(key);
  useEffect(() => {
    const was = before.current;
    before.current = key;
    if (was === key || was === 'loading') return;
    // A form that was refused is read from the field that is wrong.
    const places = ['main [aria-invalid]', 'main h2[tabindex]', 'main h1'];
    const found = places.map((place) => document.querySelector<HTMLElement>(place));
    found.find((element) => element !== null)?.focus();
  }, [key]);
}
