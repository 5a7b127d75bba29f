-- When each project is next compared with the world, as its configuration asks for.
CREATE TABLE drift_schedules (
    repo text NOT NULL,
    project text NOT NULL,
    every interval NOT NULL,
    due_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repo, project)
);
CREATE INDEX drift_schedules_due ON drift_schedules (due_at);

-- The issues of ours that are edited in place, by their hidden tag.
CREATE TABLE kept_issues (
    repo text NOT NULL,
    tag text NOT NULL,
    number bigint NOT NULL,
    open boolean NOT NULL,
    PRIMARY KEY (repo, tag)
);
