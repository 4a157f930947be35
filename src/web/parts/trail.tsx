/** The way from the shop to what is shown: the categories above it. */
import './trail.css';
import type { CategoryNode } from '../../market/categories/schemas.ts';
import { shopWords } from '../words-shop.ts';

const text = shopWords.product;

/** `here`: what is shown, when it has no link in the trail. */
export function Trail({ trail, here }: { readonly trail: readonly CategoryNode[]; readonly here?: string }) {
  return (
    <nav class="trail" aria-label={text.trail}>
      <ol>
        <li>
          <a href="/">{text.home}</a>
        </li>
        {trail.map(({ slug, name }) => (
          <li key={slug}>
            <a href={`/category/${encodeURIComponent(slug)}`}>{name}</a>
          </li>
        ))}
        {here !== undefined && (
          <li>
            <span aria-current="page">{here}</span>
          </li>
        )}
      </ol>
    </nav>
  );
}
