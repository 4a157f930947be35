-- Up Migration
-- Units that sales have set aside, neither held nor sold. Rows from before are null until the stock reconciliation has
-- learnt the figure from the SKU's actor.
ALTER TABLE stock_levels ADD COLUMN allotted bigint;
