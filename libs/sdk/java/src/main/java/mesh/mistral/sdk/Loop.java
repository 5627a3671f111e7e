package mesh.mistral.sdk;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentProgress;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerOuterClass.CancelRequest;
import mistral.v1.WorkerOuterClass.Rejection;
import mistral.v1.WorkerOuterClass.WorkerDescription;
import mistral.v1.WorkerServiceOuterClass.ServerWelcome;
import mistral.v1.WorkerServiceOuterClass.WorkResponse;
import mistral.v1.WorkerServiceOuterClass.WorkerHello;

/** What a worker has in hand, and the session that lasts. One thread does everything in here; handlers run elsewhere. */
final class Loop {
    private static final System.Logger LOG = System.getLogger("mesh.mistral.sdk");
    private static final Set<Status.Code> FINAL = EnumSet.of(Status.Code.ALREADY_EXISTS, Status.Code.INVALID_ARGUMENT);
    /** Final only for a worker that was never welcome: later they may come of a token or a mesh that is being renewed. */
    private static final Set<Status.Code> UNWELCOME =
            EnumSet.of(Status.Code.UNAUTHENTICATED, Status.Code.PERMISSION_DENIED, Status.Code.UNIMPLEMENTED);
    private static final long WELCOME_MILLIS = 20_000;
    /** Results that wait to be recorded, for each slot; beyond that the worker asks for nothing further. */
    private static final int BACKLOG = 64;

    private final ManagedChannel channel;
    private final WorkerDescription description;
    private final Map<String, Offered> actions;
    private final Codec codec;
    private final WorkerListener listener;
    private final OwnThread thread;
    private final ThreadPoolExecutor handlers;
    private final Map<String, Hand> hands = new LinkedHashMap<>();
    private final Backoff backoff = new Backoff();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private Session session;
    private Future<?> beating;
    private Terms terms = Terms.BEFORE;
    private int busy;
    private int owed;
    private boolean draining;

    Loop(
            ManagedChannel channel,
            WorkerDescription description,
            Map<String, Offered> actions,
            Codec codec,
            WorkerListener listener,
            OwnThread thread,
            ThreadPoolExecutor handlers) {
        this.channel = channel;
        this.description = description;
        this.actions = actions;
        this.codec = codec;
        this.listener = listener;
        this.thread = thread;
        this.handlers = handlers;
    }

    /** Completed once the worker was welcomed for the first time. */
    CompletableFuture<Void> ready() {
        return ready;
    }

    /** Completed when the worker has drained; fails when the mesh does not want it. */
    CompletableFuture<Void> done() {
        return done;
    }

    void start() {
        thread.execute(this::connect);
    }

    void drain(Duration atMost) {
        thread.execute(() -> {
            if (!draining) {
                draining = true;
                thread.later(atMost.toMillis(), () -> stop("the time to drain is over"));
            }
            if (session != null) {
                session.outbox.drain();
                session.soon();
            }
            leaveIfIdle();
        });
    }

    /** Gives up: handlers are cancelled, and what they had is left to the end of its lease. */
    void stop(String reason) {
        thread.execute(() -> {
            hands.values().forEach(hand -> hand.context.cancel(reason));
            finish(null);
        });
    }

    private void connect() {
        if (done.isDone()) {
            return;
        }
        channel.resetConnectBackoff();
        session = new Session(thread, this::heard, this::ended, result -> sent(result.getToken()));
        WorkerHello.Builder hello = WorkerHello.newBuilder().setWorker(description);
        hands.values().forEach(hand -> hello.addHeld(hand.held()));
        Session mine = session;
        thread.later(WELCOME_MILLIS, () -> giveUpWaiting(mine));
        try {
            mine.open(channel, hello.build());
        } catch (RuntimeException fault) {
            // A supplier of tokens may fail.
            ended(mine, fault);
        }
    }

    private void giveUpWaiting(Session mine) {
        if (mine == session && !mine.isWelcomed()) {
            mine.cancel("no welcome in time");
        }
    }

    private void heard(Session from, WorkResponse message) {
        if (from != session) {
            return;
        }
        switch (message.getMessageCase()) {
            case WELCOME -> welcomed(message.getWelcome());
            case ASSIGNMENTS -> message.getAssignments().getAssignmentsList().forEach(this::assigned);
            case RECORDED -> message.getRecorded().getTokensList().forEach(this::recorded);
            case CANCELS -> message.getCancels().getCancelsList().forEach(this::cancelled);
            case REJECTIONS -> message.getRejections().getRejectionsList().forEach(this::rejected);
            case GO_AWAY -> moveOn(message.getGoAway().getReason());
            default -> LOG.log(System.Logger.Level.DEBUG, "the mesh said something that this SDK does not know");
        }
        if (session != null) {
            giveCredits();
            session.soon();
        }
        leaveIfIdle();
    }

    private void welcomed(ServerWelcome welcome) {
        backoff.reset();
        terms = Terms.of(welcome.getTerms());
        welcome.getRejectionsList().forEach(this::rejected);
        for (Hand hand : hands.values()) {
            session.outbox.progress(hand.retell().toBuilder().setToken(hand.token()).build());
            if (hand.hasEnded()) {
                session.outbox.result(hand.result());
            }
        }
        owed = description.getSlots() - busy;
        if (draining) {
            session.outbox.drain();
        }
        session.welcome(terms);
        beating = thread.every(terms.heartbeatMillis(), this::beat);
        LOG.log(System.Logger.Level.INFO, "worker {0} is connected, session {1}", description.getId(), welcome.getSession());
        listener.welcomed(welcome.getSession());
        ready.complete(null);
    }

    private void beat() {
        if (session != null && !hands.isEmpty()) {
            session.outbox.heartbeat(hands.keySet());
            session.soon();
        }
    }

    private void assigned(Assignment assignment) {
        listener.assigned(assignment);
        session.outbox.ack(assignment.getToken());
        if (hands.containsKey(assignment.getToken())) {
            return;
        }
        Context context = new Context(assignment, codec, this::told);
        Hand hand = new Hand(assignment, context);
        hands.put(hand.token(), hand);
        busy++;
        Offered action = actions.get(assignment.getAction());
        if (action == null) {
            endedRun(hand, hand.failure("UnknownAction", "this worker does not offer " + assignment.getAction()));
            return;
        }
        handlers.execute(() ->
                Outcomes.run(action, assignment, context, codec, result -> thread.execute(() -> endedRun(hand, result))));
    }

    private void told(AssignmentProgress said) {
        thread.execute(() -> {
            Hand hand = hands.get(said.getToken());
            if (hand == null || hand.hasEnded()) {
                return;
            }
            boolean connected = session != null && session.isWelcomed();
            hand.tell(said, connected);
            if (connected) {
                session.outbox.progress(said);
                session.soon();
            }
        });
    }

    private void endedRun(Hand hand, AssignmentResult result) {
        busy--;
        owed++;
        if (hands.get(hand.token()) == hand) {
            hand.end(result, terms.largestPayload());
            listener.ended(hand.assignment, hand.result());
            if (session != null && session.isWelcomed()) {
                session.outbox.result(hand.result());
            }
        }
        if (session != null) {
            giveCredits();
            session.soon();
        }
    }

    private void giveCredits() {
        boolean room = hands.size() - busy <= description.getSlots() * BACKLOG;
        if (owed > 0 && room && !draining && session.isWelcomed()) {
            session.outbox.credits(owed);
            owed = 0;
        }
    }

    private void sent(String token) {
        Hand hand = hands.get(token);
        if (hand != null) {
            listener.sent(hand.assignment);
        }
    }

    private void recorded(String token) {
        Hand hand = hands.remove(token);
        if (hand != null) {
            listener.recorded(hand.assignment);
        }
    }

    private void cancelled(CancelRequest cancel) {
        Hand hand = hands.get(cancel.getToken());
        if (hand != null) {
            hand.context.cancel(cancel.getReason().isEmpty() ? "cancelled" : cancel.getReason());
        }
    }

    private void rejected(Rejection rejection) {
        Hand hand = hands.remove(rejection.getToken());
        if (hand != null) {
            String reason = rejection.getReason() + ": " + rejection.getMessage();
            LOG.log(System.Logger.Level.WARNING, "{0} is not ours any more: {1}", hand.assignment.getAction(), reason);
            hand.context.cancel(reason);
            listener.rejected(hand.assignment, reason);
        }
    }

    private void moveOn(String reason) {
        LOG.log(System.Logger.Level.INFO, "the server leaves ({0}); connecting again", reason);
        dropSession("the server leaves");
        connect();
    }

    private void ended(Session from, Throwable reason) {
        if (from != session) {
            return;
        }
        dropSession("ended");
        if (done.isDone() || (draining && hands.isEmpty())) {
            finish(null);
            return;
        }
        Status status = reason == null ? Status.UNAVAILABLE : Status.fromThrowable(reason);
        boolean unwelcome = !ready.isDone() && UNWELCOME.contains(status.getCode());
        if (FINAL.contains(status.getCode()) || unwelcome) {
            finish(new WorkerException("the mesh does not want worker " + description.getId() + ": " + said(status), reason));
            return;
        }
        listener.disconnected(reason);
        long pause = backoff.next(terms.leaseMillis());
        LOG.log(System.Logger.Level.WARNING, "no connection ({0}); the next try is in {1} ms", said(status), pause);
        thread.later(pause, this::connect);
    }

    private static String said(Status status) {
        return status.getDescription() == null ? status.getCode().name() : status.getCode() + ": " + status.getDescription();
    }

    private void dropSession(String reason) {
        if (beating != null) {
            beating.cancel(false);
        }
        if (session != null) {
            Session gone = session;
            session = null;
            gone.cancel(reason);
        }
    }

    private void leaveIfIdle() {
        if (!draining || !hands.isEmpty()) {
            return;
        }
        if (session == null || !session.isWelcomed()) {
            finish(null);
        } else {
            session.complete();
        }
    }

    private void finish(WorkerException fault) {
        dropSession("the worker leaves");
        List<Hand> left = new ArrayList<>(hands.values());
        left.forEach(hand -> hand.context.cancel("the worker leaves"));
        if (fault == null) {
            ready.complete(null);
            done.complete(null);
        } else {
            ready.completeExceptionally(fault);
            done.completeExceptionally(fault);
        }
    }
}
