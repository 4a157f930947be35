/**
 * The people of the strip, as outlines one unit high with the feet at 0, 0. Cut from a few simple shapes: a figure is as
 * wide as it is because of what it wears or carries.
 */
interface Person {
  readonly shape: Path2D;
  /** Drawn as a line besides: the wheel of a chair. */
  readonly ring?: readonly [x: number, y: number, radius: number];
  /** Of the height of a grown-up. */
  readonly size: number;
}

type Part = (path: Path2D) => void;

const disc =
  (x: number, y: number, radius: number): Part =>
  (path) => {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  };

const box =
  (x: number, y: number, width: number, height: number, radius = 0.02): Part =>
  (path) =>
    path.roundRect(x, y, width, height, radius);

const shape =
  (first: readonly [x: number, y: number], ...rest: readonly (readonly [x: number, y: number])[]): Part =>
  (path) => {
    path.moveTo(...first);
    for (const point of rest) path.lineTo(...point);
    path.closePath();
  };

const head = disc(0, -0.91, 0.083);
const trunk = box(-0.1, -0.8, 0.2, 0.42, 0.05);
const legs: Part = (path) => {
  box(-0.09, -0.5, 0.08, 0.5, 0.025)(path);
  box(0.01, -0.5, 0.08, 0.5, 0.025)(path);
};
const arms: Part = (path) => {
  box(-0.158, -0.79, 0.058, 0.35, 0.028)(path);
  box(0.1, -0.79, 0.058, 0.35, 0.028)(path);
};
const cloak = shape(
  [-0.07, -0.8],
  [0.07, -0.8],
  [0.13, -0.75],
  [0.18, -0.24],
  [-0.18, -0.24],
  [-0.13, -0.75],
);
const skirt = shape([-0.09, -0.5], [0.09, -0.5], [0.16, -0.22], [-0.16, -0.22]);
const shins: Part = (path) => {
  box(-0.075, -0.3, 0.06, 0.3, 0.02)(path);
  box(0.015, -0.3, 0.06, 0.3, 0.02)(path);
};

const person = (parts: readonly Part[], more: Partial<Omit<Person, 'shape'>> = {}): Person => {
  const path = new Path2D();
  for (const part of parts) part(path);
  return { shape: path, size: 1, ...more };
};

/** Made when they are first drawn. */
let crowd: readonly Person[] | null = null;
let holder: Person | null = null;

function makeCrowd(): readonly Person[] {
  return [
    // A satchel.
    person([
      head,
      trunk,
      arms,
      legs,
      box(0.13, -0.55, 0.13, 0.14),
      shape([-0.08, -0.78], [-0.05, -0.79], [0.18, -0.54], [0.15, -0.53]),
    ]),
    // A long coat.
    person([head, cloak, shins]),
    // Headphones.
    person([
      head,
      box(-0.115, -0.95, 0.045, 0.09, 0.02),
      box(0.07, -0.95, 0.045, 0.09, 0.02),
      trunk,
      arms,
      legs,
    ]),
    // A brimmed hat and a coat.
    person([head, cloak, shins, box(-0.14, -0.97, 0.28, 0.03, 0.015), box(-0.075, -1.04, 0.15, 0.09, 0.03)]),
    // A knot of hair and a skirt.
    person([head, disc(0.06, -0.985, 0.045), trunk, arms, skirt, shins]),
    // A wheelchair.
    person(
      [
        disc(-0.06, -0.68, 0.085),
        box(-0.14, -0.58, 0.16, 0.3, 0.05),
        box(-0.1, -0.36, 0.32, 0.1, 0.03),
        box(0.15, -0.34, 0.08, 0.3, 0.03),
        box(0.15, -0.06, 0.15, 0.05),
        box(-0.2, -0.56, 0.035, 0.34),
      ],
      { ring: [-0.06, -0.18, 0.165] },
    ),
    // A child.
    person(
      [
        disc(0, -0.87, 0.12),
        box(-0.13, -0.74, 0.26, 0.36, 0.07),
        box(-0.2, -0.72, 0.07, 0.28, 0.035),
        box(0.13, -0.72, 0.07, 0.28, 0.035),
        box(-0.11, -0.42, 0.1, 0.42, 0.03),
        box(0.01, -0.42, 0.1, 0.42, 0.03),
      ],
      { size: 0.64 },
    ),
    // A rucksack.
    person([head, trunk, arms, legs, box(0.08, -0.8, 0.15, 0.3, 0.05)]),
    // Long hair and a dress.
    person([
      head,
      box(-0.1, -0.96, 0.2, 0.25, 0.08),
      trunk,
      arms,
      shape([-0.09, -0.55], [0.09, -0.55], [0.17, -0.3], [-0.17, -0.3]),
      shins,
    ]),
    // A stick.
    person([head, cloak, shins, box(0.21, -0.52, 0.025, 0.52, 0.012), box(0.14, -0.55, 0.095, 0.035, 0.015)]),
  ];
}

/** Somebody of the crowd, always the same one for the same number. */
export function someone(number: number): Person {
  crowd ??= makeCrowd();
  return crowd[(((number * 7) % crowd.length) + crowd.length) % crowd.length]!;
}

/** You, with the slip held up. */
export function you(): Person {
  holder ??= person([
    head,
    trunk,
    legs,
    box(0.1, -0.79, 0.058, 0.35, 0.028),
    shape([-0.1, -0.73], [-0.05, -0.8], [-0.17, -1.03], [-0.22, -1.0]),
    box(-0.3, -1.13, 0.17, 0.12, 0.012),
  ]);
  return holder;
}
