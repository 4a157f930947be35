/** A product's picture on a quiet ground; its first letter where there is no picture, or it does not load. */
import './picture.css';
import { useState } from 'preact/hooks';

const grounds = 6;

interface PictureProps {
  readonly url: string | null | undefined;
  readonly title: string;
  /** What it shows; without it the picture only accompanies its title. */
  readonly alt?: string | undefined;
  /** It is seen first: loaded at once. */
  readonly isEager?: boolean;
}

export function Picture({ url, title, alt = '', isEager = false }: PictureProps) {
  const [failed, setFailed] = useState<string | null>(null);
  let sum = 0;
  for (const letter of title) sum += letter.codePointAt(0)!;
  return (
    <span class={`picture ground-${sum % grounds}`} {...(alt === '' ? { 'aria-hidden': true } : {})}>
      {url && failed !== url ? (
        <img
          src={url}
          alt={alt}
          loading={isEager ? 'eager' : 'lazy'}
          decoding="async"
          onError={() => setFailed(url)}
        />
      ) : (
        <span aria-hidden="true">{[...title.trim()][0] ?? ''}</span>
      )}
    </span>
  );
}
