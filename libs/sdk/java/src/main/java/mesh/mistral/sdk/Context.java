package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.protobuf.ByteString;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentProgress;
import mistral.v1.WorkerOuterClass.LogLine;

/**
 * What a handler knows of its run, and what it can say about it. Safe to use from other threads. The lease of the run is renewed
 * without the handler's doing.
 */
public final class Context {
    private static final Object DEFERRED = new Object();
    private static final int LARGEST_DETAILS = 64 * 1024;

    /** Where what is said goes to. */
    interface Ear {
        void hear(AssignmentProgress progress);
    }

    private final Assignment assignment;
    private final Codec codec;
    private final Ear ear;
    private final Object lock = new Object();
    private Thread handler;
    private String cancelled;

    Context(Assignment assignment, Codec codec, Ear ear) {
        this.assignment = assignment;
        this.codec = codec;
        this.ear = ear;
    }

    /** Name of the action. */
    public String action() {
        return assignment.getAction();
    }

    /** Id of the action execution; the same for every attempt. */
    public String actionExecutionId() {
        return assignment.getActionExecutionId();
    }

    /** Key for effects that must happen once: the same for every attempt of this run, different for every other run. */
    public String idempotencyKey() {
        return assignment.getIdempotencyKey();
    }

    /** Which dispatch of the run this is, from 1. */
    public int attempt() {
        return assignment.getAttempt();
    }

    /** Id of the execution it belongs to; empty when it runs on its own. */
    public String executionId() {
        return assignment.getExecutionId();
    }

    /** Id of its task; empty when it runs on its own. */
    public String taskId() {
        return assignment.getTaskExecutionId();
    }

    /** Name of its task. */
    public String taskName() {
        return assignment.getTaskName();
    }

    /** Name of its workflow. */
    public String workflow() {
        return assignment.getWorkflowName();
    }

    /** Namespace of its workflow; empty for the default one. */
    public String namespace() {
        return assignment.getWorkflowNamespace();
    }

    /** Project it runs for. */
    public String project() {
        return assignment.getProjectId();
    }

    /** Queue it came from. */
    public String queue() {
        return assignment.getQueue();
    }

    /** Position of its item, for a task with items. */
    public int index() {
        return assignment.getIndex();
    }

    /** W3C trace context; empty when it is not sampled. */
    public String traceparent() {
        return assignment.getTraceparent();
    }

    /** When the run is given up whatever the handler does. */
    public Optional<Instant> deadline() {
        return assignment.hasDeadline()
                ? Optional.of(Instant.ofEpochSecond(
                        assignment.getDeadline().getSeconds(), assignment.getDeadline().getNanos()))
                : Optional.empty();
    }

    /** How long is left until the deadline, never below zero. */
    public Optional<Duration> timeLeft() {
        return deadline().map(end -> {
            Duration left = Duration.between(Instant.now(), end);
            return left.isNegative() ? Duration.ZERO : left;
        });
    }

    /** What the last attempt told of its progress, as a type; empty on the first, or when it told nothing. */
    public <T> Optional<T> lastDetails(Class<T> type) {
        return lastDetails((Type) type);
    }

    /** The same for a type with parameters. */
    @SuppressWarnings("unchecked")
    public <T> Optional<T> lastDetails(Type type) {
        if (assignment.getProgressDetails().isEmpty()) {
            return Optional.empty();
        }
        JsonElement told = Json.parse(assignment.getProgressDetails().toStringUtf8());
        return Optional.ofNullable((T) Json.as(Sealing.opened(codec, told), type));
    }

    /** Tells how far the run is, from 0 to 100. */
    public void progress(double percent) {
        ear.hear(said().setPercent(percent(percent)).build());
    }

    /** Tells how far the run is, and where the next attempt can go on: a JSON value of at most 64 KiB. */
    public void progress(double percent, Object details) {
        ear.hear(said().setPercent(percent(percent)).setDetails(bytes(details)).build());
    }

    /** Tells where the next attempt can go on. */
    public void checkpoint(Object details) {
        ear.hear(said().setDetails(bytes(details)).build());
    }

    /** Keeps a line with the run. */
    public void log(Level level, String message) {
        Instant now = Instant.now();
        LogLine.Builder line = LogLine.newBuilder().setLevel(level.wire).setMessage(message);
        line.getTimeBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano());
        ear.hear(said().addLines(line).build());
    }

    /** Keeps a line of what goes on. */
    public void log(String message) {
        log(Level.INFO, message);
    }

    /** Encrypts a value, which then stands in the result or in progress in its place. */
    public Object encrypt(Object value) {
        if (codec == null) {
            throw new IllegalStateException("the worker has no codec to encrypt with");
        }
        return codec.encrypt(Json.tree(value));
    }

    /** To be returned by a handler whose run somebody completes later, by the id of the action execution. */
    public Object defer() {
        return DEFERRED;
    }

    static boolean isDeferred(Object value) {
        return value == DEFERRED;
    }

    /** Whether nobody wants the result any more. The thread of the handler is interrupted then, too. */
    public boolean isCancelled() {
        synchronized (lock) {
            return cancelled != null;
        }
    }

    /** Ends the run if nobody wants its result any more. */
    public void throwIfCancelled() {
        synchronized (lock) {
            if (cancelled != null) {
                throw new CancelledRunException(cancelled);
            }
        }
    }

    void cancel(String reason) {
        synchronized (lock) {
            if (cancelled == null) {
                cancelled = reason;
                if (handler != null) {
                    handler.interrupt();
                }
            }
        }
    }

    /** The handler begins in this thread; from now until {@link #leave} it may be interrupted. */
    void enter() {
        synchronized (lock) {
            handler = Thread.currentThread();
            if (cancelled != null) {
                handler.interrupt();
            }
        }
    }

    /** The handler has ended; an interrupt that came too late is forgotten. */
    void leave() {
        synchronized (lock) {
            handler = null;
            Thread.interrupted();
        }
    }

    private AssignmentProgress.Builder said() {
        return AssignmentProgress.newBuilder().setToken(assignment.getToken());
    }

    private static ByteString bytes(Object details) {
        byte[] bytes = Json.bytes(Json.tree(details));
        if (bytes.length > LARGEST_DETAILS) {
            throw new IllegalArgumentException(
                    "details of progress have " + bytes.length + " bytes, " + LARGEST_DETAILS + " are allowed");
        }
        return ByteString.copyFrom(bytes);
    }

    private static double percent(double percent) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException("progress is 0 to 100 percent, not " + percent);
        }
        return percent;
    }
}
