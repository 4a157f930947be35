/**
 * How the strip looks: the door at the left, ten people at it, then ticks that shrink into the distance on a logarithmic
 * scale, and one bright mark. It only draws; where everybody stands is said by `StripView`.
 */
import { count } from '../format.ts';
import { drawDoor, drawLight } from './strip-door.ts';
import { someone, you } from './strip-people.ts';
import { drawFlag, drawLabel, faint, type Plan, planOf, type Stage, type StripView } from './strip-stage.ts';
import { drawTime } from './strip-time.ts';

/** Faster than that past one point, ticks are places and stand still. */
const walkingPerSecondMax = 4;

export function drawStrip(stage: Stage, view: StripView): void {
  const { pen, width, height, colours } = stage;
  pen.clearRect(0, 0, width, height);
  const plan = planOf(stage, Math.max(view.line ?? 0, view.ahead ?? 0));
  drawLight(stage, plan, view);
  pen.fillStyle = colours.rule;
  pen.fillRect(0, plan.ground, width, 1);
  drawDoor(stage, plan, view);
  if (view.mode === 'time') drawTime(stage, plan, view);
  else if (view.mode === 'lot') drawLot(stage, plan, view);
  else drawLine(stage, plan, view);
}

// ---------------------------------------------------------------- people

function put(
  pen: CanvasRenderingContext2D,
  { shape, ring, size }: ReturnType<typeof someone>,
  ...[x, ground, high, fill]: [x: number, ground: number, high: number, fill: string]
): void {
  const scale = high * size;
  pen.save();
  pen.translate(x, ground);
  pen.scale(scale, scale);
  pen.fillStyle = fill;
  pen.fill(shape);
  if (ring) {
    pen.strokeStyle = fill;
    pen.lineWidth = 0.04;
    pen.beginPath();
    pen.arc(...ring, 0, 7);
    pen.stroke();
  }
  pen.restore();
}

function drawLine(stage: Stage, plan: Plan, view: StripView): void {
  const { pen, colours } = stage;
  const { ground, tall, x } = plan;
  if (view.line === null) return;
  const isOver = view.door === 'over';
  const front = view.isLost || isOver ? colours.quiet : colours.ink;
  const ahead = view.ahead ?? Number.POSITIVE_INFINITY;
  drawTicks(stage, plan, view, front);
  drawMarks(stage, plan, view.line);
  // The place that is walked through: everybody is a part of a step nearer.
  const step = view.perSecond <= walkingPerSecondMax ? view.serving - Math.floor(view.serving) : 0;
  for (let rank = 1; rank <= Math.min(11, view.line + 0.999); rank++) {
    const at = rank - step;
    if (at > 10.4) break;
    if (Math.abs(rank - 1 - Math.ceil(ahead)) < 0.5 && !isOver) continue;
    const isBehind = isOver || rank - 1 > ahead;
    pen.globalAlpha = isBehind ? faint : Math.min(1, 1 + (at - 1) * 0.9);
    const number = view.perSecond <= walkingPerSecondMax ? Math.floor(view.serving) + rank : rank;
    put(
      pen,
      someone(number),
      x(at),
      ground,
      tall * (0.95 + 0.07 * noise(number)),
      isBehind ? colours.quiet : front,
    );
  }
  pen.globalAlpha = 1;
  if (!isOver && view.ahead !== null) drawYou(stage, plan, view, view.ahead);
}

function drawYou(stage: Stage, plan: Plan, view: StripView, ahead: number): void {
  const { pen, gutter, colours } = stage;
  const { isWide, ground, tall, doorWidth, doorHeight, x } = plan;
  const colour = view.isLost ? colours.quiet : colours.mark;
  if (view.door === 'wide') {
    put(pen, you(), gutter + doorWidth * 0.66, ground, tall, colour);
    return;
  }
  const at = x(ahead + 1);
  if (ahead < 10) {
    put(pen, you(), at, ground, tall, colour);
    drawFlag(stage, view, at, ground - tall * 1.12 - (isWide ? 15 : 10), colour);
    return;
  }
  pen.fillStyle = colour;
  const top = ground - doorHeight * 0.98;
  pen.fillRect(at - (isWide ? 2 : 1.5), top, isWide ? 4 : 3, ground - top);
  drawFlag(stage, view, at, top + (isWide ? 10 : 7), colour);
}

/** Beyond the ten: each tick is a number, or a place, and the further back the more people stand between two of them. */
function drawTicks(stage: Stage, plan: Plan, view: StripView, front: string): void {
  const { pen, width, colours } = stage;
  const { isWide, ground, tall, half, x } = plan;
  const line = view.line ?? 0;
  const ahead = view.ahead ?? Number.POSITIVE_INFINITY;
  const origin = view.perSecond <= walkingPerSecondMax ? view.serving : 0;
  const gap = isWide ? 5.4 : 4.2;
  const thick = isWide ? 2.2 : 1.6;
  for (let rank = 11; rank <= line; ) {
    const step = niceStep(gap / (x(rank + 1) - x(rank)));
    const number = Math.ceil((origin + rank) / step) * step;
    rank = number - origin;
    if (rank > line) break;
    const at = x(rank);
    const depth = (at - half) / (width - half);
    const isBehind = rank > ahead + 1 || view.door === 'over';
    const isAtMark = ahead >= 10 && Math.abs(at - x(ahead + 1)) < (isWide ? 7 : 5);
    if (!isAtMark && at > half - 2) {
      pen.globalAlpha = isBehind ? faint : 1;
      pen.fillStyle = isBehind ? colours.quiet : front;
      const high = tall * (0.84 - 0.58 * depth) * (0.87 + 0.26 * noise(number));
      pen.fillRect(at - thick / 2, ground - high, thick, high);
      pen.beginPath();
      pen.arc(at, ground - high, thick * (0.8 + (0.9 * high) / tall), 0, 7);
      pen.fill();
    }
    rank += 1;
  }
  pen.globalAlpha = 1;
}

function drawMarks(stage: Stage, plan: Plan, line: number): void {
  for (const mark of [10, 100, 1_000, 10_000, 100_000, 1_000_000]) {
    if (mark < line * 0.9) drawLabel(stage, plan, plan.x(mark + 0.5), count(mark));
  }
}

/** 1, 2, 5, 10, 20, 50 … */
function niceStep(atLeast: number): number {
  let step = 1;
  while (step < atLeast) step *= String(step).startsWith('2') ? 2.5 : 2;
  return step;
}

/** 0 to 1, the same for the same number. */
function noise(number: number): number {
  let hash = Math.imul(Math.floor(number) ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Everybody is here, nobody has a place. */
function drawLot(stage: Stage, plan: Plan, view: StripView): void {
  const { pen, width, colours } = stage;
  const { from, ground, tall } = plan;
  const line = view.line ?? 0;
  const middle = from + (width - from) * 0.42;
  for (const [row, every] of [
    [0, tall * 0.36],
    [1, tall * 0.52],
  ] as const) {
    const places = Math.floor((width - from) / every);
    const taken = Math.min(1, line / (places * 2));
    for (let place = 0; place < places; place++) {
      const at = from + every * (place + 0.5 + 0.5 * (noise(place + 71 * row) - 0.5));
      if (noise(place * 3 + row) > taken || (row === 1 && Math.abs(at - middle) < every * 0.8)) continue;
      pen.globalAlpha = row === 0 ? faint : 1;
      const high = tall * (row === 0 ? 0.72 : 0.94 + 0.08 * noise(place));
      put(
        pen,
        someone(place * (row + 3)),
        at,
        ground,
        high,
        row === 0 || view.isLost ? colours.quiet : colours.ink,
      );
    }
  }
  pen.globalAlpha = 1;
  if (view.ahead === null) return;
  put(pen, you(), middle, ground, tall, view.isLost ? colours.quiet : colours.mark);
  drawFlag(
    stage,
    view,
    middle,
    ground - tall * 1.12 - (plan.isWide ? 15 : 10),
    view.isLost ? colours.quiet : colours.mark,
  );
}
