/** The client and the alias that this program uses in a cluster which others may use, too. */
import { Client } from '@elastic/elasticsearch';

export const productsAlias = 'doorbuster-products';

/** `url` may name a user and a password. No request is sent again by itself: whoever asks knows what to do instead. */
export function connect(url: string): Client {
  return new Client({ node: url, maxRetries: 0 });
}
