-- Up Migration
-- Up to when the payment provider's list of events has been read (market/payments/job.ts), in its one row.
CREATE TABLE provider_events_read (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  -- The provider's time: what it made before is taken, or not for this shop.
  since timestamptz NOT NULL
);

-- Down Migration
DROP TABLE provider_events_read;
