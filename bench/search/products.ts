/**
 * Made-up products of a large shop, the same ones every time: words, brands and categories are skewed (the n-th is as
 * frequent as 1/n), titles and descriptions are in four languages.
 */

/** A sequence of numbers from 0 to 1 that a seed decides (splitmix32, public domain). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** The n-th of `count` comes about 1/n as often as the first. */
  skewed(count: number): number {
    return Math.min(count - 1, Math.floor(Math.exp(this.next() * Math.log(count + 1))) - 1);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

const syllables =
  'ba be bi bo bu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo vu za ze'.split(
    ' ',
  );

/** A word that nobody has said; two numbers may have the same one. */
function madeUp(n: number): string {
  const dice = new Dice(n);
  return Array.from({ length: 2 + (n % 3) }, () => dice.oneOf(syllables)).join('');
}

const shopWords =
  'wireless headphones phone laptop case leather cotton steel black white red blue small large kids women men running shoes jacket bag lamp chair table kitchen coffee mug knife pan camera watch speaker bluetooth charger cable usb keyboard mouse monitor gaming console wool blanket rug sofa garden outdoor camping tent bike helmet toy puzzle book'.split(
    ' ',
  );
export const words: readonly string[] = [
  ...shopWords,
  ...Array.from({ length: 60_000 }, (_, n) => madeUp(n)),
];
const smallWords = [
  'the a of and with for in is that it your this',
  'the an of and to for on is you from are our',
  'der die das und mit für ist ein eine den auf nicht',
  'le la les et avec pour est une dans des sur pas',
  'el la los y con para es una en del por no',
].map((text) => text.split(' '));
export const brands: readonly string[] = Array.from(
  { length: 5_000 },
  (_, n) => `Brand ${madeUp(n + 100_000)}`,
);
const departments = Array.from({ length: 20 }, (_, n) => `Department ${madeUp(n + 200_000)}`);

export interface MadeProduct {
  readonly productId: string;
  readonly sku: string;
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly colour: string;
  readonly priceAmount: number;
  /** 0: not rated. */
  readonly rating: number;
  readonly stock: number;
}

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

export function categoryOf(dice: Dice): string {
  return `${departments[dice.skewed(20)]} > Group ${dice.skewed(15)} > Kind ${dice.skewed(10)}`;
}

export function product(n: number): MadeProduct {
  const dice = new Dice(n);
  const word = () => words[dice.skewed(words.length)]!;
  const small = dice.oneOf(smallWords);
  const several = (count: number, one: () => string) => Array.from({ length: count }, one).join(' ');
  return {
    // In the order of the numbers; the tail is as good as random.
    productId: `prd_01939f2a-${hex(n >>> 12, 4)}-7${hex(n & 0xfff, 3)}-8def-${hex(dice.below(2 ** 24), 6)}${hex(dice.below(2 ** 24), 6)}`,
    sku: `S11-${n}`,
    title: several(4 + dice.below(6), word),
    description: several(25 + dice.below(40), () => (dice.next() < 0.35 ? dice.oneOf(small) : word())),
    brand: brands[dice.skewed(brands.length)]!,
    category: categoryOf(dice),
    tags: Array.from({ length: 3 }, word),
    colour: dice.oneOf(['red', 'blue', 'black', 'white', 'green']),
    priceAmount: 100 + Math.floor(Math.exp(dice.next() * 7) * 100),
    rating: dice.next() < 0.4 ? 0 : Math.round((2 + 3 * Math.sqrt(dice.next())) * 10) / 10,
    stock: dice.next() < 0.9 ? 1 + dice.below(100) : 0,
  };
}
