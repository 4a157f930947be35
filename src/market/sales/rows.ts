/** The row of a sale, and the rows of its items, which are read and written together with it. */
import type { Phase, Queueing, SaleView } from '../../actors/sale/commands.ts';
import type { PausedFrom } from '../../actors/sale/facts.ts';
import { table } from '../../persistence/table.ts';

export interface SaleRow {
  saleId: string;
  sellerId: string;
  title: string;
  phase: Phase;
  pausedFrom: PausedFrom | null;
  stock: SaleView['stock'];
  stockRefusals: SaleView['stockRefusals'];
  queueing: Queueing;
  holdSeconds: number;
  paymentSeconds: number;
  prequeueAtMs: number | null;
  startsAtMs: number;
  endsAtMs: number;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface SaleItemRow {
  saleId: string;
  position: number;
  sku: string;
  quantity: number;
  price: number;
  currency: string;
  purchaseLimit: number;
  state: 'pending' | 'allotted' | 'refused' | 'released';
}

export const saleTable = table<SaleRow>('sales', ['saleId'], {
  saleId: ['sale_id', 'text'],
  sellerId: ['seller_id', 'text'],
  title: ['title', 'text'],
  phase: ['phase', 'text'],
  pausedFrom: ['paused_from', 'text'],
  stock: ['stock', 'text'],
  stockRefusals: ['stock_refusals', 'json'],
  queueing: ['queueing', 'json'],
  holdSeconds: ['hold_seconds', 'integer'],
  paymentSeconds: ['payment_seconds', 'integer'],
  prequeueAtMs: ['prequeue_at', 'instant'],
  startsAtMs: ['starts_at', 'instant'],
  endsAtMs: ['ends_at', 'instant'],
  createdAtMs: ['created_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
});

export const saleItemTable = table<SaleItemRow>('sale_items', ['saleId', 'position'], {
  saleId: ['sale_id', 'text'],
  position: ['position', 'integer'],
  sku: ['sku', 'text'],
  quantity: ['quantity', 'integer'],
  price: ['price', 'integer'],
  currency: ['currency', 'text'],
  purchaseLimit: ['purchase_limit', 'integer'],
  state: ['state', 'text'],
});

export interface SaleRows {
  sale: SaleRow;
  items: SaleItemRow[];
}
