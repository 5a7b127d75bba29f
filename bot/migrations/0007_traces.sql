-- The span that a delivery came in with, and that asked for a run: the trace goes on in whichever
-- process takes them up. Empty without tracing.
ALTER TABLE deliveries ADD COLUMN traceparent text NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN traceparent text NOT NULL DEFAULT '';
