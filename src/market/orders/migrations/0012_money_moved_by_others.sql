-- Up Migration
-- What went back to the buyer and what a bank disputes, by whomever: also in the provider's dashboard.
ALTER TABLE orders ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0, ADD COLUMN disputed_amount bigint;
ALTER TABLE payments ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0;
-- Until now only the order itself gave money back, and then all of it.
UPDATE orders SET refunded_amount = total_amount WHERE payment_status = 'refunded' AND total_amount IS NOT NULL;
UPDATE payments SET refunded_amount = amount WHERE status = 'refunded';
ALTER TABLE payments DROP CONSTRAINT payments_status_check, ADD CONSTRAINT payments_status_check
  CHECK (status IN ('authorized', 'captured', 'voided', 'partially_refunded', 'refunded', 'declined'));

-- Down Migration
ALTER TABLE payments DROP CONSTRAINT payments_status_check;
UPDATE payments SET status = 'captured' WHERE status = 'partially_refunded';
ALTER TABLE payments ADD CONSTRAINT payments_status_check
  CHECK (status IN ('authorized', 'captured', 'voided', 'refunded', 'declined'));
ALTER TABLE payments DROP COLUMN refunded_amount;
ALTER TABLE orders DROP COLUMN refunded_amount, DROP COLUMN disputed_amount;
