-- Events that could not be applied, kept for people to look at.

CREATE TABLE dead_letter (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id  uuid NOT NULL,
    kind          text NOT NULL,
    event         text NOT NULL,
    error         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letter_by_execution ON dead_letter (execution_id);
