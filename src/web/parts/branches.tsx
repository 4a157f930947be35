/** Categories as links, each with how many products it has. */
import './branches.css';
import type { CategoryNode } from '../../market/categories/schemas.ts';
import { count } from '../format.ts';

interface BranchesProps {
  readonly categories: readonly CategoryNode[];
  readonly label: string;
}

export function Branches({ categories, label }: BranchesProps) {
  return (
    <nav class="branches" aria-label={label}>
      <ul>
        {categories.map(({ slug, name, productCount }) => (
          <li key={slug}>
            <a href={`/category/${encodeURIComponent(slug)}`}>
              {name}
              <span class="quiet">{count(productCount)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
