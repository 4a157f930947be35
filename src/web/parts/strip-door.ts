/** The door of the strip: open with light behind it, shut, with a sign on it, or over. */
import type { Colours, Plan, Stage, StripView } from './strip-stage.ts';

const isOpen = ({ door, isLost }: StripView) => !isLost && (door === 'open' || door === 'wide');

export function drawLight({ pen, width, gutter, colours, glow }: Stage, plan: Plan, view: StripView): void {
  if (!isOpen(view)) return;
  const { ground, doorWidth, doorHeight, from, half } = plan;
  const isWideOpen = view.door === 'wide';
  const far = isWideOpen ? width : from + (half - from) * (0.5 + 0.16 * glow);
  const wash = pen.createLinearGradient(gutter, 0, far, 0);
  wash.addColorStop(0, colours.light);
  wash.addColorStop(1, colours.lightEnd);
  pen.fillStyle = wash;
  pen.beginPath();
  pen.moveTo(gutter + doorWidth, ground - doorHeight * 0.97);
  pen.lineTo(far, ground - doorHeight * (isWideOpen ? 0.97 : 0.28));
  pen.lineTo(far, ground);
  pen.lineTo(gutter + doorWidth, ground);
  pen.fill();
}

export function drawDoor({ pen, gutter, colours }: Stage, plan: Plan, view: StripView): void {
  const { isWide, ground, doorWidth, doorHeight } = plan;
  const isStanding = isOpen(view);
  const top = ground - doorHeight;
  const leaf = view.door === 'over' ? colours.rule : view.isLost ? colours.quiet : colours.door;
  pen.fillStyle = isStanding ? colours.light : colours.wall;
  pen.fillRect(gutter, top, doorWidth, doorHeight);
  pen.fillStyle = leaf;
  pen.beginPath();
  if (isStanding) {
    const edge = gutter + doorWidth * (view.door === 'wide' ? 0.21 : 0.56);
    const drop = doorHeight * (view.door === 'wide' ? 0.1 : 0.06);
    pen.moveTo(gutter, top);
    pen.lineTo(edge, top + drop);
    pen.lineTo(edge, ground + (isWide ? 7 : 4));
    pen.lineTo(gutter, ground);
  } else pen.rect(gutter, top, doorWidth, doorHeight);
  pen.fill();
  const knob = isStanding ? (view.door === 'wide' ? 0.14 : 0.46) : 0.83;
  pen.fillStyle = view.door === 'over' ? colours.quiet : isStanding ? colours.onMark : colours.wall;
  pen.beginPath();
  pen.arc(gutter + doorWidth * knob, ground - doorHeight * 0.46, isWide ? 3.4 : 2, 0, 7);
  pen.fill();
  const frame = isWide ? 3 : 2;
  pen.strokeStyle = view.isLost || view.door === 'over' ? colours.quiet : colours.ink;
  pen.lineWidth = frame;
  pen.beginPath();
  pen.moveTo(gutter - frame / 2, ground);
  pen.lineTo(gutter - frame / 2, top - frame / 2);
  pen.lineTo(gutter + doorWidth + frame / 2, top - frame / 2);
  pen.lineTo(gutter + doorWidth + frame / 2, ground);
  pen.stroke();
  if (view.door === 'sign' && !view.isLost)
    drawSign(pen, gutter + doorWidth / 2, top + doorHeight * 0.34, doorWidth * 0.56, colours);
}

/** Two bars on a board that hangs from a nail: paused. */
function drawSign(
  pen: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  colours: Colours,
): void {
  const height = width * 0.52;
  pen.strokeStyle = colours.onMark;
  pen.lineWidth = 1.3;
  pen.beginPath();
  pen.moveTo(x - width * 0.36, y);
  pen.lineTo(x, y - height * 0.7);
  pen.lineTo(x + width * 0.36, y);
  pen.stroke();
  pen.fillStyle = colours.onMark;
  pen.fillRect(x - width / 2, y, width, height);
  pen.fillStyle = colours.door;
  for (const side of [-0.16, 0.06])
    pen.fillRect(x + width * side, y + height * 0.22, width * 0.1, height * 0.56);
}
