/** The picture of what was bought: an order's line names the drop or, for a cart's line, the product that has the picture. */
import { useEffect, useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import type { Sale } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';
import { Picture } from './picture.tsx';

/** Each drop and product is read once; a page of orders names a few. */
const read = new Map<string, Promise<unknown>>();
const readMax = 100;

/** null without an answer: then there is a letter in the picture's place. */
function once<Body>(path: string): Promise<Body | null> {
  const known = read.get(path) as Promise<Body | null> | undefined;
  if (known !== undefined) return known;
  if (read.size >= readMax) read.clear();
  const asked = get<Body>(path).catch(() => null);
  read.set(path, asked);
  return asked;
}

interface Bought {
  readonly saleId: string | null;
  readonly productId: string;
  readonly sku: string;
  readonly title: string;
}

async function urlOf({ saleId, productId, sku }: Omit<Bought, 'title'>): Promise<string | null> {
  if (saleId === null) {
    const product = await once<Product>(`/v1/products/${encodeURIComponent(productId)}`);
    return product?.images[0]?.thumbnailUrl ?? null;
  }
  const sale = await once<Sale>(`/v1/sales/${encodeURIComponent(saleId)}`);
  return sale?.items.find((item) => item.sku === sku)?.imageUrl ?? null;
}

interface BoughtPictureProps {
  readonly line: Bought | undefined;
}

export function BoughtPicture({ line }: BoughtPictureProps) {
  const { saleId, productId, sku, title = '' } = line ?? {};
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let isShown = true;
    if (saleId !== undefined && productId !== undefined && sku !== undefined)
      void urlOf({ saleId, productId, sku }).then((found) => {
        if (isShown) setUrl(found);
      });
    return () => {
      isShown = false;
    };
  }, [saleId, productId, sku]);
  return <Picture url={url} title={title} />;
}
