-- Where a delivery goes, as far as being slow or dead is concerned: the type of the publisher and the host it tells.
-- Deliveries are taken destination by destination, so that a dead one with a long queue stands in nobody's way.

ALTER TABLE notification ADD COLUMN destination text NOT NULL GENERATED ALWAYS AS (
    coalesce(publisher->>'type', '') || ' '
    || coalesce(lower(substring(publisher->>'url' FROM '^[^:/?#]+://(?:[^/?#@]*@)?([^/?#]*)')), '')) STORED;
CREATE INDEX notification_by_destination ON notification (destination, next_attempt_at) WHERE given_up_at IS NULL;
DROP INDEX notification_pending;
