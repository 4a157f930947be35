/** Carts on the live socket: after every change the whole cart is sent to its buyer, wherever it was changed. */
import { readCart } from '../../actors/cart/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import type { LiveFeature } from '../../gateway/live/feature.ts';
import { Cart } from './schemas.ts';
import { cartJson } from './views.ts';

interface Changed {
  readonly accountId: string;
}

export const live: LiveFeature = {
  sends: { 'cart.updated': { summary: 'The cart of the account changed', fields: Cart.properties } },
  make: ({ services }) => ({
    frames: {
      // The cart as it is when it is read: later than the change or not, it is never older.
      'cart.updated': async ({ type, body }) => {
        const { accountId } = body as Changed;
        const answer = await services.ask(readCart, accountId, {});
        return { type, ...(await cartJson(services, accepted(answer), 'recent')) };
      },
    },
  }),
};
