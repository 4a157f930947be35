/** What people look for in the made-up shop: skewed words, some misspelt, some unfinished, some with filters and orders. */
import { brands, categoryOf, Dice, words } from './products.ts';

/** A letter left out in the middle. */
const misspelt = (word: string, dice: Dice) => {
  const at = 1 + dice.below(Math.max(1, word.length - 2));
  return word.slice(0, at) + word.slice(at + 1);
};

function textOf(dice: Dice): string {
  const found = Array.from({ length: 1 + dice.below(3) }, () => words[dice.skewed(words.length)]!);
  const last = found.length - 1;
  if (dice.next() < 0.1) found[last] = misspelt(found[last]!, dice);
  if (dice.next() < 0.15) return [...found.slice(0, -1), found[last]!.slice(0, 3)].join(' ');
  return `${found.join(' ')} `;
}

/** Paths, the same every time. */
export function searches(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const dice = new Dice(n + 1_000_000);
    const query = new URLSearchParams({ q: textOf(dice) });
    if (dice.next() < 0.2) query.append('brand', brands[dice.skewed(brands.length)]!);
    if (dice.next() < 0.15)
      query.append(
        'category',
        categoryOf(dice)
          .split(' > ')
          .slice(0, 1 + dice.below(3))
          .join(' > '),
      );
    if (dice.next() < 0.15) query.append('priceMax', String(1_000 * (1 + dice.below(50))));
    if (dice.next() < 0.1) query.append('ratingMin', String(1 + dice.below(4)));
    if (dice.next() < 0.1) query.append('inStock', 'true');
    if (dice.next() < 0.2) query.append('sort', dice.oneOf(['price_asc', 'price_desc', 'newest', 'rating']));
    return `/v1/search?${query}`;
  });
}

export function suggestions(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const dice = new Dice(n + 2_000_000);
    const word = words[dice.skewed(words.length)]!;
    const typed = dice.next() < 0.1 ? misspelt(word, dice) : word.slice(0, 2 + dice.below(word.length));
    const before = dice.next() < 0.3 ? `${words[dice.skewed(words.length)]} ` : '';
    return `/v1/suggest?${new URLSearchParams({ q: before + typed })}`;
  });
}
