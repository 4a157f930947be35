/** Listings that a rule has stopped: why, and what becomes of them; below, the rules. */
import { useState } from 'preact/hooks';
import type { ForbiddenWord, PriceBound } from '../../market/compliance/schemas.ts';
import type { HeldListing } from '../../market/moderation/schemas.ts';
import { call } from '../api.ts';
import { moment, money } from '../format.ts';
import { type List, useList } from '../parts/list.ts';
import { Picture } from '../parts/picture.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { adminWords } from '../words-admin.ts';
import { Decision, type Question, refusalOf, Said, useDeciding } from './admin/deciding.tsx';
import { AdminFrame } from './admin/frame.tsx';
import { PriceRules } from './admin/price-rules.tsx';
import { useRules } from './admin/rules.ts';
import { Sweep, useSweep } from './admin/sweep.tsx';
import { WordRules } from './admin/word-rules.tsx';

const text = adminWords.listings;
const path = '/v1/moderation/products';

export default function AdminListingsPage() {
  return (
    <AdminFrame heading={text.title}>
      <Listings />
    </AdminFrame>
  );
}

function Listings() {
  const list = useList<HeldListing>(path, '?limit=20');
  const words = useRules<ForbiddenWord>('/v1/settings/forbidden-words');
  const prices = useRules<PriceBound>('/v1/settings/price-bounds');
  const sweep = useSweep([words.value, prices.value], list.reload);
  // All at once: what comes later would push down what is being read.
  const isReady =
    (list.items !== null || list.error !== null) &&
    [words, prices, sweep].every(({ value, error }) => value !== null || error !== null);
  if (!isReady) return <div class="skeleton" />;
  return (
    <>
      <Queue list={list} />
      <section class="rules" aria-labelledby="rules">
        <h2 id="rules">{adminWords.rules.title}</h2>
        <p class="quiet">{adminWords.rules.note}</p>
        <Sweep sweep={sweep.value} />
        <WordRules rules={words} />
        <PriceRules rules={prices} />
      </section>
    </>
  );
}

function Queue({ list }: { readonly list: List<HeldListing> }) {
  const { asked, said, setSaid, ask, deciding } = useDeciding<Question>(list.reload);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const begin = () => {
    setSaid(null);
    setProblem(null);
  };
  const approve = async ({ productId, product }: HeldListing) => {
    begin();
    setBusy(productId);
    try {
      await call('POST', `${path}/${productId}/approve`, { body: {} });
      setSaid(text.done.approve(product.title));
    } catch (error) {
      setProblem(refusalOf(error));
    } finally {
      setBusy(null);
      list.reload();
    }
  };
  const reject = ({ productId, product }: HeldListing) => {
    begin();
    ask({
      ...{
        title: text.rejectTitle(product.title),
        text: text.rejectText,
        act: text.reject,
        needsReason: true,
      },
      done: text.done.reject(product.title),
      send: (reason) => call('POST', `${path}/${productId}/reject`, { body: { reason } }),
    });
  };
  return (
    <section class="admin-list" aria-label={text.queue}>
      <Said said={said} />
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <HeldList list={list} busy={busy} onApprove={approve} onReject={reject} />
      {asked !== null && <Decision question={asked} {...deciding} />}
    </section>
  );
}

interface HeldListProps {
  readonly list: List<HeldListing>;
  readonly busy: string | null;
  readonly onApprove: (held: HeldListing) => void;
  readonly onReject: (held: HeldListing) => void;
}

function HeldList({ list, busy, onApprove, onReject }: HeldListProps) {
  return (
    <>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {list.items?.length === 0 && (
        <div class="empty">
          <h2>{text.empty}</h2>
          <p>{text.emptyText}</p>
        </div>
      )}
      {list.items !== null && list.items.length > 0 && (
        <ul class="held-listings" aria-label={text.title}>
          {list.items.map((held) => (
            <li key={held.productId}>
              <Held held={held} />
              <div class="buttons">
                <button
                  type="button"
                  class="ink"
                  aria-label={text.approveOf(held.product.title)}
                  disabled={busy === held.productId}
                  onClick={() => onApprove(held)}
                >
                  {text.approve}
                </button>
                <button
                  type="button"
                  aria-haspopup="dialog"
                  aria-label={text.rejectOf(held.product.title)}
                  onClick={() => onReject(held)}
                >
                  {text.reject}
                </button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {adminWords.list.more}
        </button>
      )}
    </>
  );
}

function Held({ held: { product, reasons, since } }: { readonly held: HeldListing }) {
  const { title, seller, category, priceFrom, images, description, attributes, variants } = product;
  return (
    <>
      <div class="held-what">
        <Picture url={images[0]?.thumbnailUrl ?? null} title={title} />
        <div>
          <h3>{title}</h3>
          <p class="quiet">
            {[money(priceFrom), category, text.by(seller.name), text.since(moment(since))].join(' · ')}
          </p>
        </div>
      </div>
      <ul class="held-reasons" aria-label={text.reasons}>
        {reasons.map(({ code, detail }) => (
          <li key={`${code} ${detail}`}>{text.reason(text.codes[code] ?? code, detail)}</li>
        ))}
      </ul>
      <details>
        <summary>{text.more}</summary>
        <p class="held-description">{description}</p>
        <dl>
          {Object.entries(attributes).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{String(value)}</dd>
            </div>
          ))}
          {variants.map(({ sku, options, price }) => (
            <div key={sku}>
              <dt>{sku}</dt>
              <dd>{[...Object.values(options), money(price)].join(', ')}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
