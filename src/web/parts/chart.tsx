/**
 * One figure over time. The picture has the figure's name; what it says last stands in the page as text. Colours are the
 * tokens of the theme; it is drawn again when they change, when its place gets another size, and when figures come.
 */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import './chart.css';
import { type Colours, drawMarks, type Limit, type Marks } from './chart-marks.ts';
import type { History } from './history.ts';

interface ChartProps {
  readonly label: string;
  readonly history: History;
  /** Which of its lines. */
  readonly line: number;
  /** One more, dashed. */
  readonly second?: number;
  /** Of the last value, at the end of the line. */
  readonly format: (value: number) => string;
  readonly limit?: Limit;
  readonly hasTimes?: boolean;
  /** Pixels. */
  readonly height: number;
}

/** Seconds that the narrowest and the widest window show. */
const [windowMin, windowMax] = [60, 900];
const lastValueWidth = 58;

export function Chart({ label, height, ...what }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const { history, line, second, limit, hasTimes } = what;
  // A figure has one format for ever.
  useEffect(
    () => keepDrawn(place.current!, height, what),
    [history, line, second, height, limit?.value, limit?.text, hasTimes],
  );
  return <div ref={place} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}

function keepDrawn(
  place: HTMLElement,
  height: number,
  what: Omit<ChartProps, 'label' | 'height'>,
): () => void {
  const { history, line, second, format, limit = null, hasTimes = false } = what;
  let colours = coloursOf(place);
  const plot = new uPlot(
    optionsOf({ history, line, format, limit, hasTimes, colours: () => colours }, second, {
      ...{ width: Math.max(1, place.clientWidth), height },
    }),
    [[], []],
    place,
  );
  const stopHearing = effect(() => {
    void history.revision.value;
    const drawn = [line, ...(second === undefined ? [] : [second])].map((index) => history.lines[index]!);
    plot.setData([history.times, ...drawn]);
  });
  const sizes = new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height });
  });
  sizes.observe(place);
  const themes = matchMedia('(prefers-color-scheme: dark)');
  const onTheme = () => {
    colours = coloursOf(place);
    plot.redraw();
  };
  themes.addEventListener('change', onTheme);
  return () => {
    stopHearing();
    sizes.disconnect();
    themes.removeEventListener('change', onTheme);
    plot.destroy();
  };
}

function optionsOf(
  marks: Marks,
  second: number | undefined,
  size: { readonly width: number; readonly height: number },
): uPlot.Options {
  const { history, line, limit, hasTimes, colours } = marks;
  const isOver = () => limit !== null && (history.last(line) ?? 0) > limit.value;
  return {
    ...size,
    padding: [12, lastValueWidth, hasTimes ? 20 : 8, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false, range: () => windowOf(history) },
      y: { range: (_, __, max) => [0, topOf(max ?? 0, limit)] },
    },
    axes: [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke: () => (isOver() ? colours().bad : colours().ink),
        fill: () => `${colours().ink}12`,
        width: 1.75,
        points: { show: false },
      },
      ...(second === undefined
        ? []
        : [{ stroke: () => colours().quiet, width: 1.5, dash: [4, 3], points: { show: false } }]),
    ],
    hooks: { draw: [(plot) => drawMarks(plot, marks)] },
  };
}

/** A limit is shown once the line comes near it: far below, it would flatten the line. */
function topOf(max: number, limit: Limit | null): number {
  const isNear = limit !== null && max > limit.value / 3;
  return Math.max(max, isNear ? limit.value : 0, 2) * 1.15;
}

function windowOf({ times }: History): [number, number] {
  const last = times.at(-1) ?? Date.now() / 1000;
  const known = last - (times[0] ?? last);
  return [last - Math.min(windowMax, Math.max(windowMin, known)), last];
}

function coloursOf(place: HTMLElement): Colours {
  const style = getComputedStyle(place);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: token('ink'),
    quiet: token('quiet'),
    rule: token('rule'),
    door: token('door'),
    bad: token('bad'),
    caution: token('caution'),
    font: style.fontFamily,
  };
}
