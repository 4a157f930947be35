/** Where things are on the strip, and the two ways in which words stand on it. */
export interface StripView {
  /** `line`: people at a door; `lot`: people without places; `time`: a shut door and the time until it opens. */
  readonly mode: 'line' | 'lot' | 'time';
  readonly door: 'open' | 'shut' | 'sign' | 'over' | 'wide';
  /** The connection is lost: in quiet ink, without light. */
  readonly isLost: boolean;
  /** People before the mark; null: there is no mark. */
  readonly ahead: number | null;
  /** Everybody who waits; null: not known, nobody is drawn. */
  readonly line: number | null;
  /** The number that was let in last: ticks are real numbers. */
  readonly serving: number;
  readonly perSecond: number;
  /** Words at the mark. */
  readonly flag: string;
  /** Milliseconds until the door opens. */
  readonly startsInMs: number;
}

export interface Colours {
  readonly ink: string;
  readonly quiet: string;
  readonly rule: string;
  readonly mark: string;
  readonly onMark: string;
  readonly light: string;
  readonly lightEnd: string;
  readonly door: string;
  readonly wall: string;
  readonly font: string;
}

export interface Stage {
  readonly pen: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** Where the page's text begins. */
  readonly gutter: number;
  readonly colours: Colours;
  /** 0 to 1: how bright the door is just now. */
  readonly glow: number;
}

/** Where things are on one stage. */
export interface Plan {
  readonly isWide: boolean;
  readonly ground: number;
  readonly tall: number;
  readonly doorWidth: number;
  readonly doorHeight: number;
  readonly from: number;
  /** Where the ten people end. */
  readonly half: number;
  readonly x: (rank: number) => number;
}

export const faint = 0.38;

export function planOf({ width, height, gutter }: Stage, line: number): Plan {
  const isWide = height > 140;
  const ground = height - (isWide ? 26 : 21);
  const tall = isWide ? 84 : Math.min(46, width / 8.5);
  const doorHeight = tall * 1.36;
  const doorWidth = doorHeight * 0.57;
  const from = gutter + doorWidth + (isWide ? 18 : 8);
  const reach = width - from;
  const tenWide = Math.min(reach * 0.5, Math.max(reach * 0.36, tall * 4.3));
  const half = from + tenWide;
  const decades = Math.log10((Math.max(line, 30) + 0.5) / 10);
  const x = (rank: number) =>
    rank <= 10.5
      ? from + (tenWide * (rank - 0.5)) / 10
      : half + ((width - half - 16) * Math.log10((rank - 0.5) / 10)) / decades;
  return { isWide, ground, tall, doorWidth, doorHeight, from, half, x };
}

export function drawFlag(stage: Stage, view: StripView, x: number, y: number, fill: string): void {
  const { pen, width, height, colours } = stage;
  const size = height > 140 ? 15 : 12;
  pen.font = `700 ${size}px ${colours.font}`;
  const wide = pen.measureText(view.flag).width + size * 1.2;
  const high = size * 1.75;
  // Beside the door, never before it.
  const left = Math.max(
    stage.gutter + height * (height > 140 ? 0.36 : 0.37),
    Math.min(width - wide - 4, x - wide / 2),
  );
  pen.fillStyle = fill;
  pen.beginPath();
  pen.roundRect(left, y - high / 2, wide, high, 3);
  pen.fill();
  pen.fillStyle = view.isLost ? colours.wall : colours.onMark;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText(view.flag, left + wide / 2, y + 0.5);
}

export function drawLabel(
  { pen, colours, width }: Stage,
  { ground, isWide }: Plan,
  x: number,
  text: string,
): void {
  pen.fillStyle = colours.quiet;
  pen.fillRect(x, ground, 1, 4);
  pen.font = `500 12px ${colours.font}`;
  pen.textAlign = x > width - 30 ? 'right' : 'center';
  pen.textBaseline = 'alphabetic';
  pen.fillText(text, x, ground + (isWide ? 20 : 17));
}
