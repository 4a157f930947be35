/**
 * Listings are untrusted: whatever is written to one is judged in its writer's transaction, before it can be seen.
 *
 * 1. A listing that is for sale, or waits, is `held` while a rule finds a reason, and `active` without one. What one rule
 *    refuses is not written at all. Drafts and archived listings are not judged until they are put up.
 * 2. An approval is of the words and prices that were approved: the same again pass, others are judged anew.
 * 3. What was rejected waits for an administrator again, whatever its words are now.
 */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { hashesOf, type Listing, Rules } from './rules.ts';
import type { ForbiddenWord, PriceBound, Reason } from './schemas.ts';
import { Turns } from './words.ts';

type Status = 'draft' | 'active' | 'archived' | 'held';

interface ListingRow extends Listing {
  readonly productId: string;
  readonly status: Status;
}

interface ReviewRow {
  readonly productId: string;
  readonly state: 'held' | 'approved' | 'rejected';
  readonly wordsHash: string;
  readonly pricesHash: string;
  readonly rejectionReason: string | null;
}

/**
 * Judges these products as their rows are now and sets their status. The rows are locked by the caller. Refuses with
 * `listing_refused` {reasons}, unless what is to be refused is to be held.
 */
export async function reviewListings(
  query: Query,
  productIds: readonly string[],
  refused: 'refuse' | 'hold',
): Promise<void> {
  const rules = await currentRules(query);
  const reviews = await readReviews(query, productIds);
  if (rules.isEmpty && reviews.size === 0) return;
  const held: Held[] = [];
  const released: string[] = [];
  for (const listing of await readListings(query, productIds)) {
    const review = reviews.get(listing.productId);
    const isJudged = listing.status === 'active' || listing.status === 'held';
    const reasons = isJudged ? await reasonsFor(rules, listing, review, refused) : [];
    const status = !isJudged ? listing.status : reasons.length > 0 ? 'held' : 'active';
    if (status === 'held') held.push({ ...listing, reasons });
    else if (review?.state === 'held') released.push(listing.productId);
    if (status !== listing.status) await setStatus(query, listing.productId, status);
  }
  await hold(query, held);
  await release(query, released);
}

/** Those of these products that are for sale, and would wait by the rules as they are now. */
export async function toBeHeld(query: Query, productIds: readonly string[]): Promise<string[]> {
  const rules = await currentRules(query);
  if (rules.isEmpty || productIds.length === 0) return [];
  const reviews = await readReviews(query, productIds);
  const turns = new Turns();
  const found: string[] = [];
  for (const listing of await readListings(query, productIds)) {
    if (listing.status !== 'active') continue;
    const reasons = await reasonsFor(rules, listing, reviews.get(listing.productId), 'hold');
    if (reasons.length > 0) found.push(listing.productId);
    await turns.pause();
  }
  return found;
}

/**
 * Judges listings that are not written yet, as far as they are to be for sale or held: why each of them is to be held,
 * no reason: it is not. Whoever writes them as `held` gives the reasons to `hold`.
 */
export async function judgeNew(
  query: Query,
  listings: readonly (Listing & { readonly status: Status })[],
): Promise<(readonly Reason[])[]> {
  const rules = await currentRules(query);
  const reasons: (readonly Reason[])[] = [];
  for (const listing of listings) {
    const { status } = listing;
    const isJudged = status === 'active' || status === 'held';
    const found = isJudged && !rules.isEmpty ? await rules.judge(listing) : { refuse: [], hold: [] };
    const all = [...found.refuse, ...found.hold];
    reasons.push(all.length === 0 && status === 'held' ? [sentAsHeld] : all);
  }
  return reasons;
}

const sentAsHeld: Reason = { code: 'sent_as_held', detail: 'Its seller has sent it as one that is held' };

/** The actors of its SKUs are sent what follows from that: what waits is for sale nowhere. */
export async function setStatus(query: Query, productId: string, status: Status): Promise<void> {
  await query('UPDATE products SET status = $2 WHERE product_id = $1', [productId, status]);
  await query(
    `UPDATE variants SET actor_state = CASE WHEN registered_at IS NOT NULL THEN 'stale'
         WHEN $2::text = 'active' THEN 'pending' ELSE actor_state END
     WHERE product_id = $1 AND actor_state = 'current'`,
    [productId, status],
  );
}

async function reasonsFor(
  rules: Rules,
  listing: ListingRow,
  review: ReviewRow | undefined,
  refused: 'refuse' | 'hold',
): Promise<readonly Reason[]> {
  const { hold, refuse } = await rules.judge(listing);
  if (refuse.length > 0 && refused === 'refuse') throw refusal(refuse);
  const found = [...refuse, ...hold];
  if (review === undefined) return found;
  const { words, prices } = hashesOf(listing);
  const isApproved = review.state === 'approved';
  const left = found.filter(({ code }) => {
    const isSame = code === 'suspicious_price' ? prices === review.pricesHash : words === review.wordsHash;
    return !(isApproved && isSame);
  });
  if (review.rejectionReason === null) return left;
  return [...left, { code: 'rejected_before', detail: review.rejectionReason }];
}

function refusal(reasons: readonly Reason[]): DoorbusterError {
  const why = reasons.map(({ detail }) => detail).join('; ');
  return new DoorbusterError('listing_refused', `The listing is not allowed: ${why}`, { reasons });
}

/** Why each of these must not be written at all; null where it may be, or is none (null) to be judged. */
export async function refusalsOf(
  query: Query,
  listings: readonly (Listing | null)[],
): Promise<(DoorbusterError | null)[]> {
  const rules = await currentRules(query);
  if (rules.isEmpty) return listings.map(() => null);
  const refusals: (DoorbusterError | null)[] = [];
  for (const listing of listings) {
    const { refuse } = listing === null ? { refuse: [] } : await rules.judge(listing);
    refusals.push(refuse.length > 0 ? refusal(refuse) : null);
  }
  return refusals;
}

/** A listing and why it waits. */
export interface Held extends Listing {
  readonly productId: string;
  readonly reasons: readonly Reason[];
}

/** The rows of `listings` are `held`, or about to be. One that is held again keeps its place in the queue. */
export async function hold(query: Query, listings: readonly Held[]): Promise<void> {
  if (listings.length === 0) return;
  const rows = listings.map((listing) => ({
    ...{ productId: listing.productId, reasons: listing.reasons, ...hashesOf(listing) },
  }));
  await query(
    `INSERT INTO listing_reviews AS r (product_id, state, reasons, since, words_hash, prices_hash)
     SELECT h."productId", 'held', h.reasons, date_trunc('milliseconds', now()), h.words, h.prices
     FROM jsonb_to_recordset($1::jsonb) AS h("productId" text, reasons jsonb, words text, prices text)
     ON CONFLICT (product_id) DO UPDATE SET (state, reasons, words_hash, prices_hash, since) =
       ('held', excluded.reasons, excluded.words_hash, excluded.prices_hash,
        CASE WHEN r.state = 'held' THEN r.since ELSE excluded.since END)`,
    [JSON.stringify(rows)],
  );
}

/** The listings wait no more, because their seller has changed them or taken them back. A rejection is not forgotten. */
async function release(query: Query, productIds: readonly string[]): Promise<void> {
  if (productIds.length === 0) return;
  await query(
    `UPDATE listing_reviews SET state = 'rejected' WHERE product_id = ANY($1) AND rejected_at IS NOT NULL`,
    [productIds],
  );
  await query('DELETE FROM listing_reviews WHERE product_id = ANY($1) AND rejected_at IS NULL', [productIds]);
}

// ---------------------------------------------------------------- what is judged, and by what

let compiled: { readonly versions: string; readonly rules: Promise<Rules> } | null = null;

interface Versioned {
  readonly name: string;
  readonly version: string;
}

const versionsOf = (rows: readonly Versioned[]) =>
  rows.map(({ name, version }) => `${name} ${version}`).join();

/** Of all rules together: another text, other rules; empty as long as nobody has set any. */
export async function rulesVersions(query: Query): Promise<string> {
  return versionsOf(await query<Versioned>('SELECT name, version::text FROM compliance_rules ORDER BY name'));
}

/** Versions stand for their content wherever it is kept, so the rules are made once for each. */
async function currentRules(query: Query): Promise<Rules> {
  if (compiled?.versions === (await rulesVersions(query))) return compiled.rules;
  // Between the two questions they may have been replaced: what was read is what counts.
  const rows = await query<Versioned & { items: unknown[] }>(
    'SELECT name, version::text, items FROM compliance_rules ORDER BY name',
  );
  const itemsOf = (name: string) => rows.find((row) => row.name === name)?.items ?? [];
  compiled = {
    versions: versionsOf(rows),
    rules: Rules.of(itemsOf('forbidden-words') as ForbiddenWord[], itemsOf('price-bounds') as PriceBound[]),
  };
  return compiled.rules;
}

async function readReviews(query: Query, productIds: readonly string[]) {
  const rows = await query<ReviewRow>(
    `SELECT product_id AS "productId", state, words_hash AS "wordsHash", prices_hash AS "pricesHash",
       rejection_reason AS "rejectionReason" FROM listing_reviews WHERE product_id = ANY($1)`,
    [productIds],
  );
  return new Map(rows.map((row) => [row.productId, row]));
}

function readListings(query: Query, productIds: readonly string[]): Promise<ListingRow[]> {
  return query<ListingRow>(
    `SELECT p.product_id AS "productId", p.status, p.title, p.description, p.brand, p.tags, c.path AS category,
       p.attributes, (SELECT coalesce(json_agg(json_build_object('sku', v.sku, 'options', v.options,
         'amount', v.price_amount, 'currency', v.currency) ORDER BY v.position), '[]')
         FROM variants v WHERE v.product_id = p.product_id AND NOT v.is_removed) AS variants
     FROM products p JOIN categories c ON c.category_id = p.category_id WHERE p.product_id = ANY($1)`,
    [productIds],
  );
}
