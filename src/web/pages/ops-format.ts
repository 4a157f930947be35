/** How the console writes figures and times: 24 hours, seconds, UTC. */
import { none, utcTime } from '../format.ts';

const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const days = new Intl.DateTimeFormat('en-US', {
  ...{ weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' },
});
const shortDays = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });

export function milliseconds(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return none;
  return `${value < 100 ? tenths.format(value) : whole.format(value)} ms`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return none;
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const size = value / 1000 ** step;
  return `${step > 0 && size < 10 ? tenths.format(size) : whole.format(size)} ${units[step]}`;
}

export function dayAndTime(atMs: number): string {
  return `${days.format(atMs)}, ${utcTime(atMs)} UTC`;
}

/** With its day unless it is today's. */
export function utcMoment(at: string | number, nowMs: number): string {
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(atMs)) return none;
  const isToday = shortDays.format(atMs) === shortDays.format(nowMs);
  return isToday ? utcTime(atMs) : `${shortDays.format(atMs)}, ${utcTime(atMs)}`;
}

/** `8 s`, `2 min 49 s`, `6 h 10 min`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
