-- The whole rendering of a plan whose diff was too long for its check; empty where it was not.
ALTER TABLE plans ADD COLUMN whole text NOT NULL DEFAULT '';
