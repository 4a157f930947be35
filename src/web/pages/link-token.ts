/** What a mailed link carries. It leaves the address at once: addresses are kept by browsers, and told to others. */
import { useEffect, useState } from 'preact/hooks';
import { address, go } from '../router.ts';

/** null: the page was opened without one. */
export function useLinkToken(): string | null {
  const [token] = useState(() => address.value.searchParams.get('token') || null);
  useEffect(() => {
    if (address.value.searchParams.has('token')) go(address.value.pathname, true);
  }, []);
  return token;
}
