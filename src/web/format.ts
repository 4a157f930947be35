/** How figures, money and times are written: `Intl` in `en-US`. */
import { isBrowser } from './browser.ts';
import { words } from './words.ts';

const locale = 'en-US';
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });

/** Nothing known is a dash, never 0. */
export const none = '–';

export function count(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? none : whole.format(value);
}

export function rate(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? none : tenths.format(value);
}

export function share(value: number): string {
  return percents.format(value);
}

const moneyFormats = new Map<string, Intl.NumberFormat>();

function moneyFormatOf(currency: string): Intl.NumberFormat {
  let format = moneyFormats.get(currency);
  if (!format) {
    format = new Intl.NumberFormat(locale, { style: 'currency', currency });
    moneyFormats.set(currency, format);
  }
  return format;
}

/** Digits behind the point: so many smaller units make one, as a power of ten. */
export function digitsOf(currency: string): number {
  return moneyFormatOf(currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/** `amount` is in the currency's smallest unit. */
export function money(
  value: { readonly amount: number; readonly currency: string } | null | undefined,
): string {
  if (value == null) return none;
  return moneyFormatOf(value.currency).format(value.amount / 10 ** digitsOf(value.currency));
}

/** Seconds that somebody waits: as exact as they are known. */
export function wait(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return words.wait.unknown;
  if (seconds < 5) return words.wait.few;
  if (seconds < 90) return words.wait.seconds(whole.format(seconds));
  if (seconds < 90 * 60) return words.wait.minutes(whole.format(seconds / 60));
  return words.wait.hours(whole.format(seconds / 3600));
}

/** What is left of a time limit: `0:52`, `1:42:07`; from a day on it is a date (`day`). */
export function left(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** The server does not know where the reader is: what it writes is UTC, and says so, until the page writes it anew. */
const zone: Intl.DateTimeFormatOptions = isBrowser ? {} : { timeZone: 'UTC' };
const clock: Intl.DateTimeFormatOptions = isBrowser
  ? { hour: 'numeric', minute: '2-digit' }
  : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' };
const days = new Intl.DateTimeFormat(locale, { weekday: 'short', month: 'short', day: 'numeric', ...zone });
const times = new Intl.DateTimeFormat(locale, { ...clock, ...zone });
const dates = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'long', day: 'numeric', ...zone });
const utcTimes = new Intl.DateTimeFormat(locale, {
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  ...{ hourCycle: 'h23', timeZone: 'UTC' },
});

/** As the reader's place writes it. */
export function moment(iso: string): string {
  const at = new Date(iso);
  return `${days.format(at)}, ${times.format(at)}`;
}

const weekdays = new Intl.DateTimeFormat(locale, { weekday: 'short', ...zone });
const shortDates = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', ...zone });
const seconds = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
const dayMs = 24 * 3_600_000;

/** As it stands in a timetable that is read now: the time today, the weekday within six days, else the date. */
export function timetable(iso: string, nowMs: number): { readonly when: string; readonly more: string } {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  if (isToday) return { when: times.format(at), more: '' };
  const isSoon = Math.abs(at.getTime() - nowMs) < 6 * dayMs && at.getTime() > nowMs;
  return { when: (isSoon ? weekdays : shortDates).format(at), more: times.format(at) };
}

const shortDays = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: 'numeric' });

/** With its year. */
export function shortDay(iso: string): string {
  return shortDays.format(new Date(iso));
}

export function shortDate(iso: string): string {
  return shortDates.format(new Date(iso));
}

/** To the second. */
export function timeOfDay(at: number): string {
  return seconds.format(new Date(at));
}

export function date(iso: string): string {
  return dates.format(new Date(iso));
}

export function time(iso: string): string {
  return times.format(new Date(iso));
}

/** For operators: 24 hours, seconds, UTC. */
export function utcTime(at: string | number): string {
  return utcTimes.format(new Date(at));
}
