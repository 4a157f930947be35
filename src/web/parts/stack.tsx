/**
 * The stack: forty slips stand for all units. It thins as they sell, held ones are outlines on top, and where your number
 * falls on it is your chance; sold out, it stays whole and grey.
 */
import './stack.css';
import { count } from '../format.ts';

const slips = 40;
const slipHigh = 5;
const bottom = 250;
const top = bottom - slips * slipHigh;
const wide = 126;

interface StackProps {
  readonly quantity: number;
  /** null: not known. */
  readonly left: number | null;
  readonly onHold: number | null;
  /** People before you; null: you have no place. */
  readonly ahead: number | null;
  readonly isOver: boolean;
  readonly you: string;
}

/** A hand is not exact: each slip lies a little aside, always the same one the same way. */
const aside = (slip: number) => 52 + (((slip + 3) * (slip + 7) * 2_654_435_761) % 4_600) / 1_000;

export function Stack({ quantity, left, onHold, ahead, isOver, you }: StackProps) {
  const slipsOf = (units: number) => Math.min(slips, Math.ceil((units / Math.max(1, quantity)) * slips));
  const solid = isOver || left === null ? slips : slipsOf(left);
  const held = isOver || left === null ? 0 : Math.min(slips - solid, slipsOf(onHold ?? 0));
  const pile = solid + held;
  const units = left === null ? null : left + (onHold ?? 0);
  // Counted from the top: whoever is served first takes the uppermost slip.
  const mine =
    ahead === null || units === null || isOver
      ? null
      : ahead < units
        ? pile - 1 - Math.floor((ahead / units) * pile)
        : -1;
  const y = (slip: number) => bottom - (slip + 1) * slipHigh;
  return (
    <svg class={isOver ? 'stack spent' : 'stack'} viewBox="0 12 248 262" aria-hidden="true">
      <ellipse class="shade" cx="127" cy="257" rx="89" ry="7" />
      <path
        class="scale"
        d={`M44 ${top}V${bottom}M44 ${top}h-6M44 ${(top + bottom) / 2}h-4M44 ${bottom}h-6`}
      />
      <text x="34" y={top + 4}>
        {count(quantity)}
      </text>
      <text x="34" y={bottom + 4}>
        0
      </text>
      {Array.from({ length: pile }, (_, slip) => (
        <rect
          key={slip}
          class={slip === mine ? 'mine' : slip < solid ? 'slip' : 'slip held'}
          x={aside(slip) + (slip === mine ? 15 : 0)}
          y={y(slip)}
          width={wide}
          height={slipHigh - 0.9}
          rx="1"
        />
      ))}
      {solid > 0 && held === 0 && <Face slip={solid - 1} y={y(solid - 1)} />}
      {mine !== null && <Flag y={mine < 0 ? bottom + 6 : y(mine) + 2} text={you} />}
    </svg>
  );
}

/** The uppermost slip, seen from above. */
function Face({ slip, y }: { readonly slip: number; readonly y: number }) {
  const x = aside(slip);
  return (
    <>
      <path class="slip" d={`M${x} ${y}l24 -32h${wide - 14}l14 32z`} />
      <path class="print" d={`M${x + 40} ${y}l20 -32`} stroke-dasharray="2 3" />
      <path class="print" d={`M${x + 70} ${y - 9}h44M${x + 74} ${y - 17}h34M${x + 78} ${y - 25}h20`} />
    </>
  );
}

function Flag({ y, text }: { readonly y: number; readonly text: string }) {
  return (
    <>
      <rect class="mine" x="192" y={y - 13} width="50" height="26" rx="3" />
      <text class="mine-text" x="217" y={y} dy=".36em">
        {text}
      </text>
    </>
  );
}
