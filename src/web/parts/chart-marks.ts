/** What stands on a chart besides its lines, drawn on its canvas: figures at the rules, times, events, the last value. */
import uPlot from 'uplot';
import { utcTime } from '../format.ts';
import type { History } from './history.ts';

export interface Colours {
  readonly ink: string;
  readonly quiet: string;
  readonly rule: string;
  readonly door: string;
  readonly bad: string;
  readonly caution: string;
  readonly font: string;
}

export interface Limit {
  readonly value: number;
  readonly text: string;
}

export interface Marks {
  readonly history: History;
  readonly line: number;
  readonly format: (value: number) => string;
  readonly limit: Limit | null;
  readonly hasTimes: boolean;
  readonly colours: () => Colours;
}

interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly plot: uPlot;
  readonly ratio: number;
  readonly box: { left: number; top: number; right: number; bottom: number };
  readonly colours: Colours;
}

export function drawMarks(plot: uPlot, marks: Marks): void {
  const { left, top, width, height } = plot.bbox;
  const pen: Pen = {
    context: plot.ctx,
    plot,
    ratio: uPlot.pxRatio,
    box: { left, top, right: left + width, bottom: top + height },
    colours: marks.colours(),
  };
  pen.context.save();
  pen.context.setLineDash([]);
  drawRules(pen, marks.limit);
  if (marks.limit !== null) drawLimit(pen, marks.limit);
  drawHappenings(pen, marks.history);
  drawLast(pen, marks);
  if (marks.hasTimes) drawTimes(pen);
  pen.context.restore();
}

function write(
  { context, ratio, colours }: Pen,
  text: string,
  x: number,
  y: number,
  options: { colour?: string; weight?: number; align?: CanvasTextAlign; size?: number } = {},
): void {
  const { colour = colours.quiet, weight = 400, align = 'left', size = 12 } = options;
  context.font = `${weight} ${size * ratio}px ${colours.font}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.fillText(text, x, y);
}

function stroke({ context, ratio }: Pen, colour: string, from: [number, number], to: [number, number]): void {
  context.strokeStyle = colour;
  context.lineWidth = ratio;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

function drawRules(pen: Pen, limit: Limit | null): void {
  const { plot, box, ratio, colours } = pen;
  stroke(pen, colours.rule, [box.left, box.bottom], [box.right, box.bottom]);
  for (const value of rulesUpTo(plot.scales.y!.max ?? 1)) {
    const y = plot.valToPos(value, 'y', true);
    stroke(pen, colours.rule, [box.left, y], [box.right, y]);
    if (value !== limit?.value) write(pen, short.format(value), box.left, y - 4 * ratio);
  }
}

function drawLimit(pen: Pen, { value, text }: Limit): void {
  const { context, plot, box, ratio, colours } = pen;
  const y = plot.valToPos(value, 'y', true);
  if (y < box.top) return;
  context.setLineDash([2 * ratio, 3 * ratio]);
  stroke(pen, colours.caution, [box.left, y], [box.right, y]);
  context.setLineDash([]);
  write(pen, text, box.right, y - 4 * ratio, { colour: colours.caution, align: 'right' });
}

function drawHappenings(pen: Pen, { happenings }: History): void {
  const { plot, box, ratio, colours } = pen;
  const fromMs = (plot.scales.x!.min ?? 0) * 1000;
  const shown = happenings.filter(({ atMs }) => atMs >= fromMs);
  for (const [index, { atMs, text }] of shown.entries()) {
    const x = plot.valToPos(atMs / 1000, 'x', true);
    stroke(pen, colours.door, [x, box.top], [x, box.bottom]);
    // Only the last one has its name: names of near ones would run into each other.
    if (index < shown.length - 1) continue;
    const isRight = x > (box.left + box.right) / 2;
    write(pen, text, x + (isRight ? -4 : 4) * ratio, box.top + 9 * ratio, {
      ...{ colour: colours.door, weight: 600, align: isRight ? 'right' : 'left' },
    });
  }
}

function drawLast(pen: Pen, { history, line, format, limit }: Marks): void {
  const { context, plot, ratio, colours } = pen;
  const value = history.last(line);
  const seconds = history.times.at(-1);
  if (value === null || seconds === undefined) return;
  const [x, y] = [plot.valToPos(seconds, 'x', true), plot.valToPos(value, 'y', true)];
  const colour = limit !== null && value > limit.value ? colours.bad : colours.ink;
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, 2.8 * ratio, 0, 2 * Math.PI);
  context.fill();
  write(pen, format(value), x + 6 * ratio, y + 4.5 * ratio, { colour, weight: 700, size: 13 });
}

/** The first, the last, and as many between as fit. */
function drawTimes(pen: Pen): void {
  const { plot, box, ratio } = pen;
  const { min = 0, max = 0 } = plot.scales.x! as { min?: number; max?: number };
  const width = (box.right - box.left) / ratio;
  const hasSeconds = width > 400 || max - min < 300;
  const parts = Math.max(1, Math.min(4, Math.floor(width / (hasSeconds ? 110 : 80))));
  for (let index = 0; index <= parts; index++) {
    const text = utcTime((min + ((max - min) * index) / parts) * 1000);
    const align = index === 0 ? 'left' : index === parts ? 'right' : 'center';
    const x = box.left + ((box.right - box.left) * index) / parts;
    write(pen, hasSeconds ? text : text.slice(0, 5), x, box.bottom + 14 * ratio, { align });
  }
}

const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** At most two round figures below the top. */
function rulesUpTo(top: number): number[] {
  const power = 10 ** Math.floor(Math.log10(top / 2));
  const step = [5, 2, 1].map((digit) => digit * power).find((size) => size * 2 <= top) ?? top / 2;
  return [step, step * 2];
}
