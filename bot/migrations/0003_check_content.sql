-- What a check run shows, as a digest: empty while it is being written.
ALTER TABLE check_runs ADD COLUMN content text NOT NULL DEFAULT '';
