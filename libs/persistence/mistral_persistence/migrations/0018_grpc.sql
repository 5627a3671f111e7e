-- Answers to requests that created something, so that a repeat under the same key creates nothing. Kept for a day.

CREATE TABLE answered_request (
    project_id   text NOT NULL,
    request_id   text NOT NULL,
    -- Of the rpc and its request: the same key with another request is a mistake of the caller.
    fingerprint  bytea NOT NULL,
    -- NULL only inside the transaction that makes it.
    response     bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, request_id)
);
CREATE INDEX answered_request_by_age ON answered_request (created_at);

-- For whoever goes on with a watch over all executions. It is as good as free for the writer: rows come in order of time.
CREATE INDEX execution_history_by_time ON execution_history USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
