/** What a refused change of the cart means. */
import { ApiError } from '../api.ts';
import { cartWords as text } from '../words-cart.ts';
import { sentenceOf } from './trouble.tsx';

export function refusedAddition(error: unknown): string {
  if (!(error instanceof ApiError)) return sentenceOf(error);
  switch (error.code) {
    case 'cart_full':
      return text.full(String(error.problem.limit));
    case 'quantity_limit':
      return text.most(String(error.problem.limit));
    case 'unknown_sku':
      return text.notForSale;
    case 'no_exchange_rate':
      return text.noRate;
    default:
      return sentenceOf(error);
  }
}

export function refusedCode(error: unknown): string {
  if (!(error instanceof ApiError)) return sentenceOf(error);
  switch (error.code) {
    case 'unknown_coupon':
      return text.codeUnknown;
    case 'coupon_exhausted':
      return text.codeExhausted;
    case 'coupon_not_applicable':
      return text.codeReasons[String(error.problem.reason)] ?? text.codeOtherwise;
    default:
      return sentenceOf(error);
  }
}
