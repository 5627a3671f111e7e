"""What messages say, how requests prove themselves, and what a source may be; without any server."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_core.errors import InvalidInput, Unauthenticated
from mistral_core.event_triggers import checking
from mistral_core.event_triggers.alerts import alerts
from mistral_core.event_triggers.hooks import hook
from mistral_core.event_triggers.incoming import Incoming, checked, plain_event
from mistral_core.event_triggers.mail import mail
from mistral_core.event_triggers.oslo import notification
from mistral_core.event_triggers.rate import Bucket
from mistral_core.event_triggers.signatures import Proof, prove


def test_a_notification_with_and_without_its_envelope():
    inner = {"event_type": "e", "message_id": "m", "payload": {"a": 1}, "_context_tenant": "t", "publisher_id": "p"}
    bare = notification(json.dumps(inner).encode(), "usual")
    wrapped = notification(json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(inner)}).encode(), "usual")

    assert bare == wrapped == Incoming(event_id="m", type="e", payload={"a": 1}, project="t", publisher="p")
    with pytest.raises(InvalidInput):
        notification(b'{"payload": 1}', "usual")


def test_the_forms_of_a_request():
    body = json.dumps({"action": "opened"}).encode()
    github = hook(body, {"x-github-event": "pull_request", "x-github-delivery": "d"}, usual_id="u", usual_type="w")
    assert (github.type, github.event_id) == ("pull_request.opened", "d")
    cloud = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1}}
    structured = hook(json.dumps(cloud).encode(), {}, usual_id="u", usual_type="w")
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
    binary = hook(b'{"a": 1}', headers, usual_id="u", usual_type="w")
    assert structured == binary
    assert structured.event_id == "/s#1"
    anything = hook(b"[1]", {"idempotency-key": "k"}, usual_id="u", usual_type="w")
    assert (anything.event_id, anything.type, anything.payload) == ("k", "w", [1])
    assert hook(b"", {}, usual_id="u", usual_type="w").event_id == "u"


def test_an_alert_that_fires_again_later_is_another_event():
    def message(**alert) -> dict:
        return {"status": "firing", "alerts": [{"labels": {"a": "b"}, "fingerprint": "f", "startsAt": "1", **alert}]}

    (first,), (again,) = alerts(message()), alerts(message(endsAt="later"))
    (resolved,), (later,) = alerts(message(status="resolved", endsAt="2")), alerts(message(startsAt="3"))

    assert first.event_id == again.event_id
    assert len({first.event_id, resolved.event_id, later.event_id}) == 3
    assert (first.type, resolved.type) == ("alert.firing", "alert.resolved")


@pytest.mark.parametrize("document", [None, [], {}, {"alerts": 1}, {"alerts": [1]}, {"alerts": [{"labels": {}}]}])
def test_what_are_no_alerts(document):
    with pytest.raises(InvalidInput):
        alerts(document)


def test_a_mail_in_parts():
    body = (
        b"From: a@b\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/html\r\n\r\n<b>hi</b>\r\n"
        b'--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="t.csv"\r\n\r\n1,2\r\n--x--\r\n'
    )

    found = mail(body, event_id="INBOX/1/2")

    assert found.payload["subject"] == "Grüße"
    assert "<b>hi</b>" in found.payload["text"]
    assert found.payload["attachments"][0] | {"size": 0} == {"name": "t.csv", "content_type": "text/csv", "size": 0}


@given(st.binary(max_size=300))
def test_whatever_is_in_a_mailbox_can_be_read(body):
    checked(mail(body, event_id="x"))


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["event_type", "type", "id", "specversion", "payload", "alerts", "object", "oslo.message"]), inner
), max_leaves=8))  # fmt: skip
def test_whatever_is_json_is_an_event_or_refused(document):
    body = json.dumps(document).encode()
    for read in (
        lambda: [plain_event(document, "u")],
        lambda: [notification(body, "u")],
        lambda: [hook(body, {}, usual_id="u", usual_type="w")],
        lambda: alerts(document),
    ):
        try:
            for found in read():
                checked(found)
        except InvalidInput:
            pass


def test_proofs_that_hold_and_others():
    body, digest = b"{}", hmac.digest(b"s", b"{}", hashlib.sha256)
    for proof, value in (
        (Proof.TOKEN, "s"),
        (Proof.TOKEN, "Bearer s"),
        (Proof.HMAC_SHA256, digest.hex()),
        (Proof.HMAC_SHA256, f"sha256={digest.hex()}"),
        (Proof.HMAC_SHA256, base64.b64encode(digest).decode()),
    ):
        prove(proof, "s", {"x-own": value}, body, now=0, header="x-own")
        for wrong in ("", value + "0", "ä", "Bearer "):
            with pytest.raises(Unauthenticated):
                prove(proof, "s", {"x-own": wrong}, body, now=0, header="x-own")
        with pytest.raises(Unauthenticated):
            prove(proof, "", {"x-own": value}, body, now=0, header="x-own")


@pytest.mark.parametrize("stamp", ["0", "-1", "later", "", "9" * 20])
def test_a_signature_bears_a_time_that_is_near(stamp):
    signed = hmac.digest(b"s", f"{stamp}.".encode(), hashlib.sha256).hex()
    with pytest.raises(Unauthenticated):
        prove(Proof.STRIPE, "s", {"stripe-signature": f"t={stamp},v1={signed}"}, b"", now=1_000_000)


def test_a_bucket_lets_ten_seconds_through_at_once_and_then_its_rate():
    bucket = Bucket(60, 0.0)
    assert [bucket.refused(0.0) for _ in range(10)] == [0.0] * 10
    assert bucket.refused(0.0) == pytest.approx(1.0)
    assert bucket.refused(1.0) == 0.0
    assert bucket.reserved(1.0) == pytest.approx(1.0)
    assert bucket.reserved(1.0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("pigeon", {}, "kind"),
        ("webhook", {"proof": "none"}, "proof"),
        ("webhook", {"other": 1}, "other"),
        ("amqp", {}, "url"),
        ("amqp", {"url": "amqp://u:p@h/"}, "password"),
        ("amqp", {"url": "amqp://h/?cafile=/etc/passwd"}, "url"),
        ("imap", {"host": "h"}, "user"),
        ("imap", {"host": "h", "user": 'a"\r\nX'}, "character"),
        ("imap", {"host": "h", "user": "u", "after": "move:"}, "after"),
        ("imap", {"host": "h", "user": "u", "poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_source_that_cannot_be_is_refused(kind, settings, said):
    with pytest.raises(InvalidInput, match=said):
        checking.check_source(kind, "name", "x", "t", settings)


def test_the_exchange_of_the_mesh_is_nobody_elses():
    with pytest.raises(InvalidInput, match="own"):
        checking.check_source("webhook", "name", "mistral", "executions", {})
    for topic in ("a..b", "a.>", "a b", "*.x*"):
        with pytest.raises(InvalidInput):
            checking.check_source("nats", "name", "x", topic, {})
    checking.check_source("nats", "name", "*", "a.*", {})
