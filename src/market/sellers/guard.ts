/**
 * A suspended seller writes nothing: one rule over all routes of the shop, so that none can forget it. It holds for what
 * is open to sellers as sellers; what everybody may do who is signed in, such as buying, stays open.
 *
 * While the tables are away it does not hold: the owner of a drop must be able to pause it then, and nobody can be
 * suspended meanwhile. What is written to the tables is refused without them anyway.
 */
import type { AnyRequest, Route } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { refuseSuspended } from './store.ts';

export function guarded(route: Route): Route {
  const { method, who, refusals = [] } = route;
  if (method === 'GET' || typeof who === 'string' || !who.includes('seller')) return route;
  return {
    ...route,
    refusals: [...refusals, 'seller_suspended'],
    async handle(request) {
      await refuse(request);
      return route.handle(request);
    },
  };
}

async function refuse({ services, identity }: AnyRequest): Promise<void> {
  // Operators and administrators act in the place of sellers.
  if (!identity || identity.roles.some((role) => role === 'operator' || role === 'admin')) return;
  try {
    await refuseSuspended(services.database.query, identity.accountId);
  } catch (error) {
    if (!(error instanceof DoorbusterError) || error.code !== 'busy') throw error;
  }
}
