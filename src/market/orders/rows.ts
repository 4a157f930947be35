/** The row of an order, and the rows that are read and written together with it. */
import type { OrderStatus, OrderView, PaymentStatus } from '../../actors/order/commands.ts';
import { table } from '../../persistence/table.ts';
import type { LineRow } from './lines.ts';
import type { PaymentRow } from './payment-rows.ts';

export interface OrderRow {
  orderId: string;
  orderNumber: string;
  buyerId: string;
  status: OrderStatus;
  paymentStatus: PaymentStatus;
  paymentId: string | null;
  paymentMethod: string;
  holdIds: string[];
  currency: string | null;
  subtotal: number | null;
  discount: number | null;
  shipping: number | null;
  tax: number | null;
  rounding: number | null;
  totalAmount: number | null;
  refundedAmount: number;
  disputedAmount: number | null;
  shippingAddress: OrderView['shippingAddress'];
  shippingMethod: OrderView['shippingMethod'];
  couponCodes: readonly string[];
  failure: OrderView['failure'];
  estimatedDeliveryAtMs: number | null;
  payByMs: number;
  createdAtMs: number;
  updatedAtMs: number;
  version: number;
}

export const orderTable = table<OrderRow>('orders', ['orderId'], {
  orderId: ['order_id', 'text'],
  orderNumber: ['order_number', 'text'],
  buyerId: ['buyer_id', 'text'],
  status: ['status', 'text'],
  paymentStatus: ['payment_status', 'text'],
  paymentId: ['payment_id', 'text'],
  paymentMethod: ['payment_method', 'text'],
  holdIds: ['hold_ids', 'json'],
  currency: ['currency', 'text'],
  subtotal: ['subtotal', 'integer'],
  discount: ['discount', 'integer'],
  shipping: ['shipping', 'integer'],
  tax: ['tax', 'integer'],
  rounding: ['rounding', 'integer'],
  totalAmount: ['total_amount', 'integer'],
  refundedAmount: ['refunded_amount', 'integer'],
  disputedAmount: ['disputed_amount', 'integer'],
  shippingAddress: ['shipping_address', 'json'],
  shippingMethod: ['shipping_method', 'text'],
  couponCodes: ['coupon_codes', 'json'],
  failure: ['failure', 'json'],
  estimatedDeliveryAtMs: ['estimated_delivery_at', 'instant'],
  payByMs: ['pay_by', 'instant'],
  createdAtMs: ['created_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
  version: ['version', 'integer'],
});

export interface OrderRows {
  order: OrderRow;
  readonly lines: LineRow[];
  readonly payments: Map<string, PaymentRow>;
}
