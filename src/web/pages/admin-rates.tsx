/** The marketplace's tables of rates: tax, shipping, exchange. Each is sent as a whole. */
import { rateWords as text } from '../words-prices.ts';
import { AdminFrame } from './admin/frame.tsx';
import { ExchangeTable, ShippingTable, TaxTable } from './admin/rate-tables.tsx';

export default function AdminRatesPage() {
  return (
    <AdminFrame heading={text.title}>
      <p>{text.intro}</p>
      <div class="rules">
        <TaxTable />
        <ShippingTable />
        <ExchangeTable />
      </div>
    </AdminFrame>
  );
}
