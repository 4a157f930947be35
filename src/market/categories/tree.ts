/** Rows of categories as a tree. */
import type { CategoryNode } from './schemas.ts';
import type { CountedRow } from './store.ts';

interface Tree {
  readonly roots: CategoryNode[];
  readonly byId: ReadonlyMap<string, CategoryNode>;
}

/** `rows` come with parents before what is below them. Counts are added up from the leaves. */
export function treeOf(rows: readonly CountedRow[]): Tree {
  const byId = new Map<string, CategoryNode>();
  const roots: CategoryNode[] = [];
  for (const { category_id: categoryId, name, path, slug, own_count: productCount } of rows)
    byId.set(categoryId, { categoryId, name, path, slug, productCount, children: [] });
  for (const { category_id: categoryId, parent_id: parentId } of rows) {
    const siblings = parentId === null ? roots : byId.get(parentId)!.children;
    siblings.push(byId.get(categoryId)!);
  }
  for (const { category_id: categoryId, parent_id: parentId } of rows.toReversed())
    if (parentId !== null) byId.get(parentId)!.productCount += byId.get(categoryId)!.productCount;
  return { roots, byId };
}
