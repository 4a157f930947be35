/** The picture of what was bought in a drop: an order's line names the drop, and the drop has the picture. */
import { useEffect, useState } from 'preact/hooks';
import type { Sale } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';
import { Picture } from './picture.tsx';

/** Each drop is read once; a page of orders names a few. */
const read = new Map<string, Promise<Sale | null>>();
const readMax = 100;

function saleOf(saleId: string): Promise<Sale | null> {
  const known = read.get(saleId);
  if (known !== undefined) return known;
  if (read.size >= readMax) read.clear();
  // Without an answer there is a letter in the picture's place.
  const asked = get<Sale>(`/v1/sales/${encodeURIComponent(saleId)}`).catch(() => null);
  read.set(saleId, asked);
  return asked;
}

interface BoughtPictureProps {
  readonly line: { readonly saleId: string; readonly sku: string; readonly title: string } | undefined;
}

export function BoughtPicture({ line }: BoughtPictureProps) {
  const { saleId, sku, title = '' } = line ?? {};
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let isShown = true;
    if (saleId !== undefined)
      void saleOf(saleId).then((sale) => {
        const item = sale?.items.find((each) => each.sku === sku);
        if (isShown) setUrl(item?.imageUrl ?? null);
      });
    return () => {
      isShown = false;
    };
  }, [saleId, sku]);
  return <Picture url={url} title={title} />;
}
