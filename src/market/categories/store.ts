/**
 * The tree of categories. A product names its category by id, so moving or renaming one changes no product's row;
 * whoever follows the feed is told of every product whose path reads otherwise now.
 *
 * 1. Names are unique below a parent and hold no `>`, so a path names one category.
 * 2. A category keeps every slug that it had; the present one is made of its path.
 * 3. Changes of the tree take turns, by a lock that a listing in a known category does not need.
 */
import { newId } from '../../gateway/handling.ts';
import type { Query } from '../../persistence/database.ts';
import { appendToFeed } from '../../persistence/feed.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { recordAction } from '../audit/store.ts';
import { nameOf, namesOf, pathCharsMax, separator, slugOf } from './paths.ts';

export interface CategoryRow {
  readonly category_id: string;
  readonly parent_id: string | null;
  readonly name: string;
  readonly path: string;
}

/** The whole tree is read at once, and listings add to it. */
const categoriesMax = 5_000;
const columns = 'c.category_id, c.parent_id, c.name, c.path';

const notFound = () => new DoorbusterError('not_found', 'No such category');

/** The id of a listing's category; what is missing of its path is created. Refuses with `validation_failed`. */
export async function resolveCategory(query: Query, category: string): Promise<string> {
  const found = (await resolveCategories(query, [category])).get(category)!;
  if (found instanceof DoorbusterError) throw found;
  return found.categoryId;
}

export interface Resolved {
  readonly categoryId: string;
  readonly path: string;
}

/** Of each category as it is given: which it is, or why there is none. What is missing of their paths is created. */
export async function resolveCategories(
  query: Query,
  categories: readonly string[],
): Promise<Map<string, Resolved | DoorbusterError>> {
  const pathOf = new Map([...new Set(categories)].map((category) => [category, pathOrFault(category)]));
  const paths = [...new Set(pathOf.values())].filter((path) => typeof path === 'string').sort();
  const idByPath = await idsOf(query, paths);
  const missing = paths.filter((path) => !idByPath.has(path));
  const full = missing.length === 0 ? new Set() : await createPaths(query, missing, idByPath);
  return new Map(
    [...pathOf].map(([category, path]) => {
      if (typeof path !== 'string') return [category, path];
      return [category, full.has(path) ? tooMany() : { categoryId: idByPath.get(path)!, path }];
    }),
  );
}

function pathOrFault(category: string): string | DoorbusterError {
  try {
    return checkedPath(namesOf(category).join(separator));
  } catch (error) {
    if (error instanceof DoorbusterError) return error;
    throw error;
  }
}

async function idsOf(query: Query, paths: readonly string[]): Promise<Map<string, string>> {
  const rows = await query<CategoryRow>(`SELECT ${columns} FROM categories c WHERE c.path = ANY($1)`, [
    paths,
  ]);
  return new Map(rows.map(({ path, category_id }) => [path, category_id]));
}

/** Adds the ids to `idByPath`. Answers with the paths that there is no room for. */
async function createPaths(
  query: Query,
  paths: readonly string[],
  idByPath: Map<string, string>,
): Promise<Set<string>> {
  await lockTree(query);
  const levels = new Map(paths.map((path) => [path, levelsOf(path)]));
  // Others may have created some before the lock.
  for (const [path, id] of await idsOf(query, [...new Set([...levels.values()].flat())]))
    idByPath.set(path, id);
  let room = await roomLeft(query);
  const full = new Set<string>();
  const rows: CategoryRow[] = [];
  for (const [path, above] of levels) {
    const added = above.filter((level) => !idByPath.has(level));
    if (added.length > room) full.add(path);
    else {
      room -= added.length;
      for (const level of added) rows.push(newRow(level, idByPath));
    }
  }
  await insertAll(query, rows);
  return full;
}

/** `A > B > C` as `A`, `A > B` and itself. */
function levelsOf(path: string): string[] {
  const names = path.split(separator);
  return names.map((_, i) => names.slice(0, i + 1).join(separator));
}

function newRow(path: string, idByPath: Map<string, string>): CategoryRow {
  const id = newId('category');
  idByPath.set(path, id);
  const [name, ...above] = path.split(separator).reverse();
  const parent = idByPath.get(above.reverse().join(separator)) ?? null;
  return { category_id: id, parent_id: parent, name: name!, path };
}

async function byPath(query: Query, path: string): Promise<CategoryRow | null> {
  const [row] = await query<CategoryRow>(`SELECT ${columns} FROM categories c WHERE c.path = $1`, [path]);
  return row ?? null;
}

async function byId(query: Query, categoryId: string): Promise<CategoryRow> {
  const [row] = await query<CategoryRow>(`SELECT ${columns} FROM categories c WHERE c.category_id = $1`, [
    categoryId,
  ]);
  if (row === undefined) throw notFound();
  return row;
}

async function lockTree(query: Query): Promise<void> {
  await query('LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE');
}

function pathBelow(parent: CategoryRow | null, name: string): string {
  const path = parent === null ? name : parent.path + separator + name;
  // Also the levels of what is below would have to be looked at; a path that is too long is refused at each.
  namesOf(path, '/name');
  return checkedPath(path);
}

function checkedPath(path: string): string {
  if (path.length > pathCharsMax)
    throw new DoorbusterError('validation_failed', `A path has at most ${pathCharsMax} characters`);
  return path;
}

const tooMany = () =>
  new DoorbusterError('validation_failed', `There are ${categoriesMax} categories already`);

async function roomLeft(query: Query): Promise<number> {
  const [row] = await query<{ count: number }>('SELECT count(*)::integer AS count FROM categories');
  return categoriesMax - row!.count;
}

/** Those whose slug another has, or had, are given one with the tail of their id behind it. */
async function insertAll(query: Query, rows: readonly CategoryRow[]): Promise<void> {
  if (rows.length === 0) return;
  await query(
    `INSERT INTO categories (category_id, parent_id, name, path)
     SELECT category_id, parent_id, name, path
     FROM jsonb_to_recordset($1::jsonb) AS c(category_id text, parent_id text, name text, path text)`,
    [JSON.stringify(rows)],
  );
  const slugOfRow = ({ path }: CategoryRow) => slugOf(path);
  const given = await insertSlugs(query, rows, slugOfRow);
  const rest = rows.filter(({ category_id: id }) => !given.has(id));
  if (rest.length === 0) return;
  const again = await insertSlugs(query, rest, (row) => `${slugOfRow(row)}-${row.category_id.slice(-12)}`);
  if (again.size < rest.length) throw new Error(`no slug for one of ${rest.map(({ path }) => path).join()}`);
}

/** Answers with the categories whose slug was free. */
async function insertSlugs(
  query: Query,
  rows: readonly CategoryRow[],
  slugOfRow: (row: CategoryRow) => string,
): Promise<Set<string>> {
  const given = await query<{ id: string }>(
    `INSERT INTO category_slugs (slug, category_id, is_current)
     SELECT s.slug, s.id, true FROM unnest($1::text[], $2::text[]) AS s(slug, id)
     ON CONFLICT (slug) DO NOTHING RETURNING category_id AS id`,
    [rows.map(slugOfRow), rows.map(({ category_id: id }) => id)],
  );
  return new Set(given.map(({ id }) => id));
}

async function insert(
  query: Query,
  categoryId: string,
  parent: CategoryRow | null,
  name: string,
): Promise<CategoryRow> {
  const path = pathBelow(parent, name);
  if ((await roomLeft(query)) <= 0) throw tooMany();
  const row = { category_id: categoryId, parent_id: parent?.category_id ?? null, name, path };
  await insertAll(query, [row]);
  return row;
}

/** The slug of its path, or with the tail of its id behind it where another category has or had that one. */
async function giveSlug(query: Query, { category_id: categoryId, path }: CategoryRow): Promise<void> {
  await query('UPDATE category_slugs SET is_current = false WHERE category_id = $1 AND is_current', [
    categoryId,
  ]);
  const slug = slugOf(path);
  for (const candidate of [slug, `${slug}-${categoryId.slice(-12)}`]) {
    const taken = await query(
      `INSERT INTO category_slugs AS s (slug, category_id, is_current) VALUES ($1, $2, true)
       ON CONFLICT (slug) DO UPDATE SET is_current = true WHERE s.category_id = $2 RETURNING 1`,
      [candidate, categoryId],
    );
    if (taken.length > 0) return;
  }
  throw new Error(`no slug for the category ${path}`);
}

// ----------------------------------------------------------------
// What admins do. Each change is told to whoever keeps the tree, and is in the audit trail.

async function record(
  query: Query,
  adminId: string,
  what: 'created' | 'changed' | 'removed',
  { category_id: target, path }: CategoryRow,
): Promise<void> {
  if (what !== 'changed') await tellOfTree(query, target);
  const actor = { accountId: adminId, role: 'admin' } as const;
  await recordAction(query, { actor, action: `category.${what}`, target, details: { path } });
}

function exists(path: string): DoorbusterError {
  return new DoorbusterError('category_exists', `The category ${path} exists already`, { path });
}

/** Refuses with `not_found` (of the parent), `category_exists`, `validation_failed`. Repeatable under one id. */
export async function createCategory(
  query: Query,
  adminId: string,
  categoryId: string,
  name: string,
  parentId: string | null,
): Promise<CategoryRow> {
  await lockTree(query);
  const parent = parentId === null ? null : await byId(query, parentId);
  const known = await byPath(query, pathBelow(parent, nameOf(name)));
  if (known?.category_id === categoryId) return known;
  if (known !== null) throw exists(known.path);
  const made = await insert(query, categoryId, parent, nameOf(name));
  await record(query, adminId, 'created', made);
  return made;
}

/**
 * Moves or renames a category with all below it. `parentId` null: to the root; undefined: it stays where it is.
 * Refuses with `not_found`, `category_exists`, `category_cycle`, `validation_failed`.
 */
export async function changeCategory(
  query: Query,
  adminId: string,
  categoryId: string,
  change: { readonly name?: string; readonly parentId?: string | null },
): Promise<CategoryRow> {
  await lockTree(query);
  const before = await byId(query, categoryId);
  const parentId = change.parentId === undefined ? before.parent_id : change.parentId;
  const parent = parentId === null ? null : await byId(query, parentId);
  const isBelow = parent !== null && `${parent.path}${separator}`.startsWith(`${before.path}${separator}`);
  if (isBelow) throw new DoorbusterError('category_cycle', 'A category cannot be below itself');
  const name = change.name === undefined ? before.name : nameOf(change.name);
  const path = pathBelow(parent, name);
  if (path === before.path) return before;
  if ((await byPath(query, path)) !== null) throw exists(path);
  const branch = await branchOf(query, before.path);
  const moved = branch.map((row) => ({
    ...row,
    path: path + row.path.slice(before.path.length),
    ...(row.category_id === categoryId && { name, parent_id: parentId }),
  }));
  for (const row of moved) {
    if (row.path.length > pathCharsMax || row.path.split(separator).length > 10)
      throw new DoorbusterError('validation_failed', `The path ${row.path} would be too long`);
  }
  await query(
    `UPDATE categories c SET name = m.name, path = m.path, parent_id = m.parent_id
     FROM jsonb_to_recordset($1::jsonb) AS m(category_id text, name text, path text, parent_id text)
     WHERE c.category_id = m.category_id`,
    [JSON.stringify(moved)],
  );
  for (const row of moved) await giveSlug(query, row);
  await tellFeed(
    query,
    moved.map((row) => row.category_id),
  );
  const after = moved.find((row) => row.category_id === categoryId)!;
  await record(query, adminId, 'changed', after);
  return after;
}

/** The category of this path and all below it. */
async function branchOf(query: Query, path: string): Promise<CategoryRow[]> {
  // `X > …` are exactly the texts from `X > ` up to `X >!`, in the byte order of collation "C".
  return query<CategoryRow>(
    `SELECT ${columns} FROM categories c WHERE c.path = $1 OR (c.path >= $1 || ' > ' AND c.path < $1 || ' >!')`,
    [path],
  );
}

function tellOfTree(query: Query, categoryId: string): Promise<void> {
  return appendToFeed(query, { topic: 'shelf', key: categoryId, type: 'CategoryChanged', body: {} });
}

/** Whoever follows products reads them anew. The products themselves did not change, so their chains do not grow. */
async function tellFeed(query: Query, categoryIds: readonly string[]): Promise<void> {
  await tellOfTree(query, categoryIds[0]!);
  await query(
    `INSERT INTO feed (topic, key, type, body)
     SELECT 'item', p.product_id, 'ItemUpdated', '{"fields": ["category"]}' FROM products p
     WHERE p.category_id = ANY($1) ORDER BY p.product_id`,
    [categoryIds],
  );
}

/** Refuses with `not_found`, `category_not_empty`. */
export async function removeCategory(query: Query, adminId: string, categoryId: string): Promise<void> {
  await lockTree(query);
  const row = await byId(query, categoryId);
  const [used] = await query(
    `SELECT 1 FROM products WHERE category_id = $1
     UNION ALL SELECT 1 FROM categories WHERE parent_id = $1 LIMIT 1`,
    [categoryId],
  );
  if (used !== undefined)
    throw new DoorbusterError('category_not_empty', 'The category has products or branches');
  await query('DELETE FROM categories WHERE category_id = $1', [categoryId]);
  await record(query, adminId, 'removed', row);
}

// ----------------------------------------------------------------
// What everybody reads.

interface Found {
  /** The category and all below it. */
  readonly categoryIds: readonly string[];
  /** Set when it was named by a slug that it had once: the present one. */
  readonly movedTo: string | null;
}

/** By path or slug; null: there is none. Refuses with `validation_failed` what can be neither. */
export async function findBranch(query: Query, named: string): Promise<Found | null> {
  const path = namesOf(named).join(separator);
  const branch = await branchOf(query, path);
  const ids = (rows: readonly CategoryRow[]) => rows.map((row) => row.category_id);
  if (branch.some((row) => row.path === path)) return { categoryIds: ids(branch), movedTo: null };
  const found = await findSlug(query, named.trim());
  if (found === null) return null;
  return {
    categoryIds: ids(await branchOf(query, found.path)),
    movedTo: found.is_current ? null : found.slug,
  };
}

/** `is_current`: of the slug that was asked for; `slug`: the present one. */
export async function findSlug(
  query: Query,
  slug: string,
): Promise<{
  readonly path: string;
  readonly category_id: string;
  readonly is_current: boolean;
  readonly slug: string;
} | null> {
  const [row] = await query<{ path: string; category_id: string; is_current: boolean; slug: string }>(
    `SELECT c.path, c.category_id, asked.is_current, present.slug
     FROM category_slugs asked JOIN categories c ON c.category_id = asked.category_id
       JOIN category_slugs present ON present.category_id = c.category_id AND present.is_current
     WHERE asked.slug = $1`,
    [slug],
  );
  return row ?? null;
}

export interface CountedRow extends CategoryRow {
  readonly slug: string;
  /** Public products in this very category. */
  readonly own_count: number;
}

/** Every category, parents before what is below them. */
export function readTree(query: Query): Promise<CountedRow[]> {
  return query<CountedRow>(
    `SELECT ${columns}, s.slug, coalesce(n.own_count, 0) AS own_count
     FROM categories c JOIN category_slugs s ON s.category_id = c.category_id AND s.is_current
       LEFT JOIN (
         SELECT p.category_id, count(*)::integer AS own_count FROM products p WHERE p.is_public GROUP BY p.category_id
       ) n ON n.category_id = c.category_id
     ORDER BY c.path`,
  );
}
