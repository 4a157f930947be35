/** A rating in words and a star; nothing where nobody has rated. */
import './facts.css';
import { count } from '../format.ts';
import { shopWords } from '../words-shop.ts';

const text = shopWords.product;

interface RatingProps {
  readonly average: number | null;
  readonly reviews: number;
}

export function Rating({ average, reviews }: RatingProps) {
  if (average === null || reviews === 0) return null;
  const rating = average.toFixed(1);
  return (
    <span class="rating">
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        <path d="M7 .8l1.9 4.1 4.4.5-3.3 3 .9 4.4L7 10.6l-3.9 2.2.9-4.4-3.3-3 4.4-.5z" />
      </svg>
      <span aria-hidden="true">{`${rating} (${count(reviews)})`}</span>
      <span class="visually-hidden">{text.rated(rating, text.people(reviews, count(reviews)))}</span>
    </span>
  );
}
