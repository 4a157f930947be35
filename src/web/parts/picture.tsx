/** A product's picture on a quiet ground; its first letter where there is no picture, or it does not load. */
import './picture.css';
import { useState } from 'preact/hooks';

const grounds = 6;

export function Picture({ url, title }: { readonly url: string | null | undefined; readonly title: string }) {
  const [failed, setFailed] = useState<string | null>(null);
  let sum = 0;
  for (const letter of title) sum += letter.codePointAt(0)!;
  return (
    <span class={`picture ground-${sum % grounds}`} aria-hidden="true">
      {url && failed !== url ? (
        <img src={url} alt="" loading="lazy" decoding="async" onError={() => setFailed(url)} />
      ) : (
        <span>{[...title.trim()][0] ?? ''}</span>
      )}
    </span>
  );
}
