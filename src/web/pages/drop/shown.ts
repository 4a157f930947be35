/** What several screens of a drop show, computed from its state. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { serverNow, tick } from '../../clock.ts';
import { count, moment, money } from '../../format.ts';
import { connection } from '../../live.ts';
import type { StripView } from '../../parts/strip-stage.ts';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';
import { type DropState, type Sale, type screenOf, stockOf } from './state.ts';

const quietMs = 12_000;

/** Whether the figures of a place may be out of date by more than the page says anyway. */
export function isStale(drop: Drop): boolean {
  if (connection.value === 'reconnecting') return true;
  if (connection.value !== 'polling') return false;
  void tick.value;
  return performance.now() - drop.confirmedMs.value > quietMs;
}

/** Server time of the newest figures. */
export function asOf({ ticket, serving }: DropState): string | null {
  const times = [ticket?.asOf, serving?.asOf].filter((time) => time !== undefined);
  return times.length === 0 ? null : times.reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b));
}

export function priceText({ items }: Sale): string {
  const [first] = items;
  if (first === undefined) return '';
  const lowest = items.reduce((low, { price }) => (price.amount < low.amount ? price : low), first.price);
  const isOne = items.every(({ price }) => price.amount === lowest.amount);
  return isOne ? money(lowest) : words.from(money(lowest));
}

/** null: not the same for each item. */
export function eachText({ items }: Sale): string | null {
  const limit = items[0]?.purchaseLimit ?? 1;
  return items.every(({ purchaseLimit }) => purchaseLimit === limit) ? words.each(limit, count(limit)) : null;
}

export function unitsText(sale: Sale): string {
  const { quantity } = stockOf({ sale, serving: null } as DropState);
  return words.units(quantity, count(quantity));
}

/** The tab's title: the state first. It changes four times a second at the most. */
export function titleOf(drop: Drop): string {
  const { sale, phase, ticket } = drop.state;
  if (sale === null) return words.loading;
  return `${stateTitle(drop, sale, phase, ticket?.ticketNumber === null)} – ${sale.title}`;
}

function stateTitle(drop: Drop, sale: Sale, phase: string | null, isLot: boolean): string {
  const { titles } = words;
  const screen = drop.screen.value;
  switch (screen) {
    case 'loading':
      return words.loading;
    case 'before':
      if (phase === 'active' || phase === 'paused') return titles.open;
      return phase === 'prequeue' ? titles.prequeue : titles.starts(moment(sale.startsAt));
    case 'place':
      return phase === 'paused' ? titles.paused : isLot ? titles.byLot : aheadTitle(drop);
    case 'bought':
      return titles.receipt;
    default:
      return titles[screen];
  }
}

function aheadTitle(drop: Drop): string {
  void tick.value;
  const ahead = drop.ahead.peek();
  return ahead === 0 ? words.titles.next : words.titles.ahead(count(ahead));
}

export function stripOf(drop: Drop): ReadonlySignal<StripView> {
  return computed(() => {
    const { sale, ticket, serving } = drop.state;
    const screen = drop.screen.value;
    const isLost = screen === 'place' && isStale(drop);
    const mode = modeOf(drop.state);
    if (mode === 'time') void tick.value;
    const isJoined = screen === 'place';
    const line = ticket === null && serving === null ? null : (serving ?? ticket)!.queueLength;
    return {
      mode,
      door: doorOf(drop.state, screen),
      isLost,
      ahead: screen === 'turn' ? 0 : isJoined ? drop.ahead.value : screen === 'before' ? line : null,
      line: screen === 'turn' && line !== null ? line + 1 : line,
      serving: serving?.nowServing ?? ticket?.nowServing ?? 0,
      perSecond: serving?.releasedPerSecond ?? 0,
      flag: mode === 'time' ? words.now : isJoined ? words.you : words.youWouldBe,
      startsInMs: sale === null ? 0 : Date.parse(sale.startsAt) - serverNow(),
    };
  });
}

function modeOf({ phase, ticket }: DropState): StripView['mode'] {
  if (ticket !== null && ticket.ticketNumber === null) return 'lot';
  return (phase === 'scheduled' || phase === 'prequeue') && ticket === null ? 'time' : 'line';
}

function doorOf({ phase }: DropState, screen: ReturnType<typeof screenOf>): StripView['door'] {
  if (screen === 'turn') return 'wide';
  if (screen === 'soldOut' || phase === 'sold_out' || phase === 'ended') return 'over';
  if (phase === 'paused') return 'sign';
  return phase === 'active' ? 'open' : 'shut';
}

/** How long something of a sale lasts, for sentences. */
export const span = (seconds: number) => words.minutes(seconds);
