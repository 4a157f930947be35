/** The tree of categories, and what admins make of it. */
import { idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Id } from '../../gateway/schemas.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Category, CategoryChange, type CategoryNode, CategoryTree, NewCategory, Slug } from './schemas.ts';
import { shownPagesOf } from './shown-index.ts';
import { changeCategory, createCategory, findSlug, readTree, removeCategory } from './store.ts';
import { treeOf } from './tree.ts';

const readCategories = route({
  method: 'GET',
  path: '/v1/categories',
  operationId: 'listCategories',
  summary: 'The tree of categories, with how many products each has',
  tag: 'Catalogue',
  who: 'anybody',
  cacheSeconds: 5,
  replies: { 200: { description: 'The tree', schema: CategoryTree } },
  async handle({ services, identity }) {
    const pages = shownPagesOf(services);
    const answer = async () => {
      const { query } = services.reads.of(identity?.accountId ?? null, pages.changedMs);
      return reply(200, { items: treeOf(await readTree(query)).roots });
    };
    // Whoever changes the tree sees it as it is, at whichever gateway.
    return identity?.roles.includes('admin') ? answer() : pages.lists.get('categories', answer);
  },
});

const readCategory = route({
  method: 'GET',
  path: '/v1/categories/{category}',
  params: { category: Slug },
  operationId: 'getCategory',
  summary: 'One category with its branches, by its slug; a former slug leads to the present one',
  tag: 'Catalogue',
  who: 'anybody',
  cacheSeconds: 5,
  replies: {
    200: { description: 'The category', schema: Category },
    301: { description: 'It has another slug now', headers: { Location: 'Where it is' } },
  },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const { query } = services.reads.of(identity?.accountId ?? null);
    const found = await findSlug(query, params.category);
    if (found === null) throw new DoorbusterError('not_found', 'No such category');
    if (!found.is_current)
      return reply(301, undefined, { Location: `/v1/categories/${encodeURIComponent(found.slug)}` });
    return reply(200, await nodeOf(query, found.category_id));
  },
});

const createRoute = route({
  method: 'POST',
  path: '/v1/categories',
  operationId: 'createCategory',
  summary: 'Add a category, at the root or below another',
  tag: 'Catalogue',
  who: ['admin'],
  body: NewCategory,
  mints: 'category',
  replies: { 201: { description: 'The category', schema: Category } },
  refusals: ['not_found', 'category_exists'],
  async handle({ services, identity: { accountId }, body: { name, parentId = null }, mintedId }) {
    await services.database.transaction((query) =>
      createCategory(query, accountId, mintedId, name, parentId),
    );
    shownPagesOf(services).forgetLists();
    return reply(201, await nodeOf(services.database.query, mintedId));
  },
});

const changeRoute = route({
  method: 'PATCH',
  path: '/v1/categories/{category}',
  params: { category: Id('category') },
  operationId: 'changeCategory',
  summary: 'Rename a category or move it with all below it; its former slugs go on leading to it',
  tag: 'Catalogue',
  who: ['admin'],
  body: CategoryChange,
  replies: { 200: { description: 'The category', schema: Category } },
  refusals: ['not_found', 'category_exists', 'category_cycle'],
  async handle({ services, identity: { accountId }, params, body }) {
    const categoryId = idParam('category', params.category);
    await services.database.transaction((query) => changeCategory(query, accountId, categoryId, body));
    shownPagesOf(services).forgetAll();
    return reply(200, await nodeOf(services.database.query, categoryId));
  },
});

const removeRoute = route({
  method: 'DELETE',
  path: '/v1/categories/{category}',
  params: { category: Id('category') },
  operationId: 'removeCategory',
  summary: 'Remove a category that has neither products nor branches',
  tag: 'Catalogue',
  who: ['admin'],
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'category_not_empty'],
  async handle({ services, identity: { accountId }, params }) {
    const categoryId = idParam('category', params.category);
    await services.database.transaction((query) => removeCategory(query, accountId, categoryId));
    shownPagesOf(services).forgetLists();
    return reply(204);
  },
});

async function nodeOf(query: Query, categoryId: string): Promise<CategoryNode> {
  const node = treeOf(await readTree(query)).byId.get(categoryId);
  if (node === undefined) throw new DoorbusterError('not_found', 'No such category');
  return node;
}

export const routes: readonly Route[] = [readCategories, readCategory, createRoute, changeRoute, removeRoute];
