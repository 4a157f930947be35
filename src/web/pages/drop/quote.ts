/**
 * What held units come to where the marketplace has tables of taxes and shipping: asked of the server as the form is filled
 * in. Elsewhere there is nothing to ask (price.ts).
 */
import { useEffect, useState } from 'preact/hooks';
import type { NewAddress } from '../../../market/accounts/schemas.ts';
import type { Quote } from '../../../market/checkout/schemas.ts';
import { ApiError, call } from '../../api.ts';
import { isQuoted } from '../../parts/payments.ts';
import { draft, keepDraft } from './draft.ts';
import { pause } from './patience.ts';
import type { Hold } from './state.ts';

export interface Quoted {
  /** null: there is none, or none yet. */
  readonly quote: Quote | null;
  /** What is shown is not yet what the form says. */
  readonly isCounting: boolean;
}

interface Question {
  readonly holdIds: readonly string[];
  readonly shippingAddress?: Partial<NewAddress>;
  readonly shippingMethod?: string;
}

const settleMs = 400;
const retryMs = 2_000;

export function useQuote(holds: readonly Hold[]): Quoted {
  const { address, shippingMethod } = draft.value;
  const isAsked = isQuoted.value;
  const holdIds = holds.map(({ holdId }) => holdId);
  const isWhole = !!(address.name && address.line1 && address.country);
  const question: Question = isWhole ? { holdIds, shippingAddress: address, shippingMethod } : { holdIds };
  const asked = JSON.stringify(question);
  const [known, setKnown] = useState<{ readonly asked: string; readonly quote: Quote } | null>(null);
  useEffect(() => {
    if (!isAsked) return;
    const leaving = new AbortController();
    const { signal } = leaving;
    const timer = setTimeout(async () => {
      const quote = await quoteOf(JSON.parse(asked) as Question, signal);
      if (quote === null) return;
      chooseOffered(quote, shippingMethod);
      setKnown({ asked, quote });
    }, settleMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [isAsked, asked]);
  return { quote: isAsked ? (known?.quote ?? null) : null, isCounting: isAsked && known?.asked !== asked };
}

/** Another way where the one that is chosen does not lead to there. */
function chooseOffered({ shippingOptions }: Quote, method: string): void {
  const [first] = shippingOptions;
  if (first !== undefined && !shippingOptions.some((option) => option.method === method))
    keepDraft({ shippingMethod: first.method });
}

/** Asks until there is an answer; null: nobody waits for it any more. */
async function quoteOf(question: Question, leaving: AbortSignal): Promise<Quote | null> {
  let body = question;
  while (!leaving.aborted) {
    try {
      const quote = (await call<Quote>('POST', '/v1/checkout/quote', { body })).body;
      return leaving.aborted ? null : quote;
    } catch (error) {
      const { shippingMethod, shippingAddress, ...rest } = body;
      const code = error instanceof ApiError ? error.code : null;
      // Not to there: what is offered says the next one. An address that does not do: what it comes to without it.
      if (code === 'shipping_not_available' && shippingMethod !== undefined)
        body = { ...rest, ...(shippingAddress && { shippingAddress }) };
      else if (code === 'validation_failed' && shippingAddress !== undefined) body = rest;
      else await pause(retryMs);
    }
  }
  return null;
}
