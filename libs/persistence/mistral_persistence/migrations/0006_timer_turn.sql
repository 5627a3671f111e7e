-- A timer's turn is when a scheduler has to look at it: when it is due, or, once claimed, when the claim runs out.
-- One index answers both "whose turn is it" and "when is the next turn" without passing over claimed rows.

CREATE INDEX timer_by_turn ON timer (greatest(due_at, claimed_until));
DROP INDEX timer_by_due;
