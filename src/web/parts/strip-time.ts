/** The strip before the door opens: the same ticks count time, and the mark is now. */
import { drawFlag, drawLabel, faint, type Plan, type Stage, type StripView } from './strip-stage.ts';

const seconds: readonly (readonly [from: number, to: number, step: number, label: string])[] = [
  [10, 60, 10, '1 min'],
  [60, 600, 60, '10 min'],
  [600, 3_600, 600, '1 h'],
  [3_600, 86_400, 7_200, '1 day'],
  [86_400, 864_000, 86_400, '10 days'],
];

export function drawTime(stage: Stage, plan: Plan, view: StripView): void {
  const { pen, width, colours } = stage;
  const { isWide, ground, tall, from } = plan;
  const now = Math.max(5, view.startsInMs / 1000);
  const most = Math.max(90, now * 1.35);
  const x = (second: number) => from + ((width - from - 12) * Math.log(second / 5)) / Math.log(most / 5);
  for (const [first, last, step, label] of seconds) {
    for (let second = first + step; second <= last && second <= most; second += step) {
      const isMark = second === last;
      const high = tall * (isMark ? 0.95 : second === (first + last + step) / 2 ? 0.44 : 0.26);
      pen.globalAlpha = second > now ? faint : 1;
      pen.fillStyle = second > now ? colours.quiet : colours.ink;
      pen.fillRect(x(second), ground - high, isMark ? 2.5 : 1.5, high);
      pen.globalAlpha = 1;
      if (isMark) drawLabel(stage, plan, x(second), label);
    }
  }
  const at = x(now);
  const top = ground - plan.doorHeight * 0.95;
  pen.fillStyle = view.isLost ? colours.quiet : colours.mark;
  pen.fillRect(at - (isWide ? 2 : 1.5), top, isWide ? 4 : 3, ground - top);
  drawFlag(stage, view, at, top + (isWide ? 10 : 7), view.isLost ? colours.quiet : colours.mark);
}
