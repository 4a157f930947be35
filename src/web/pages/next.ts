/** Where to go afterwards: only a path of this shop. */
export function nextOf({ searchParams }: URL): string {
  const next = searchParams.get('next') ?? '/';
  return /^\/(?!\/|\\)/.test(next) ? next : '/';
}
