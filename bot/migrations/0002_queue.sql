-- huey's own tables, as its PostgresStorage would make them (a test compares the two).
CREATE TABLE queue_kv (queue text NOT NULL, key text NOT NULL, value bytea NOT NULL, PRIMARY KEY (queue, key));

CREATE TABLE queue_schedule (id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, timestamp double precision NOT NULL);

CREATE INDEX queue_schedule_queue_timestamp ON queue_schedule (queue, timestamp);

CREATE TABLE queue_task (id bigserial PRIMARY KEY, queue text NOT NULL, data bytea NOT NULL, priority double precision NOT NULL DEFAULT 0.0);

CREATE INDEX queue_task_queue_priority_id ON queue_task (queue, priority DESC, id);

CREATE TABLE queue_counter (queue text NOT NULL, key text NOT NULL, value bigint NOT NULL DEFAULT 0, PRIMARY KEY (queue, key));
