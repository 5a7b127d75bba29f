-- What a run found, as its kind keeps it: a sync keeps where the cluster stood.
ALTER TABLE runs ADD COLUMN result jsonb NOT NULL DEFAULT '{}';
