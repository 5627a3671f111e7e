package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentFailure;
import mistral.v1.WorkerOuterClass.AssignmentProgress;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerOuterClass.LogLine;

/**
 * Runs an action without a server, as a worker would: its input goes through JSON, its result comes back through JSON.
 *
 * <pre>{@code
 * var ended = ActionTest.of(new Images()).run("images.resize", Map.of("width", 10));
 * assertEquals(5, ended.result(Integer.class));
 * }</pre>
 */
public final class ActionTest {
    private static final long SECONDS = 60;

    private final List<Offered> actions;
    private final Codec codec;
    private final Assignment.Builder assignment = Assignment.newBuilder()
            .setToken("test")
            .setAttempt(1)
            .setTaskName("test")
            .setWorkflowName("test")
            .setActionExecutionId(UUID.randomUUID().toString());
    private final List<AssignmentProgress> told = new ArrayList<>();
    private final CompletableFuture<Context> begun = new CompletableFuture<>();

    private ActionTest(List<Offered> actions, Codec codec) {
        this.actions = actions;
        this.codec = codec;
    }

    /** Of the methods with {@link Action} of an object. */
    public static ActionTest of(Object target) {
        return new ActionTest(Methods.of(target), null);
    }

    /** Of a handler; its action is called {@code test}. */
    public static <I> ActionTest of(Class<I> input, Handler<I> handler) {
        return new ActionTest(List.of(Offered.of("test", ActionOptions.NONE, (Type) input, handler)), null);
    }

    /** The same with a codec. */
    public ActionTest with(Codec codec) {
        return new ActionTest(actions, codec);
    }

    /** As a later attempt, with what the one before told of its progress; null for nothing. */
    public ActionTest attempt(int attempt, Object lastDetails) {
        assignment.setAttempt(attempt);
        assignment.setProgressDetails(
                lastDetails == null ? ByteString.EMPTY : ByteString.copyFrom(Json.bytes(Json.tree(lastDetails))));
        return this;
    }

    /** With a deadline. */
    public ActionTest deadline(Instant deadline) {
        assignment.setDeadline(
                Timestamp.newBuilder().setSeconds(deadline.getEpochSecond()).setNanos(deadline.getNano()));
        return this;
    }

    /** With a key for effects that must happen once. */
    public ActionTest idempotencyKey(String key) {
        assignment.setIdempotencyKey(key);
        return this;
    }

    /** Returns the JSON Schema that the input of an action is held against. */
    public JsonElement schema(String action) {
        String schema = find(action).offer().getInputSchema();
        return Json.parse(schema.isEmpty() ? "{}" : schema);
    }

    /** Cancels the run, once it has begun. */
    public void cancel() {
        begun.thenAccept(context -> context.cancel("cancelled by a test"));
    }

    /** Runs an action in this thread, and waits for its end. */
    public Ended run(String action, Object input) {
        Offered found = find(action);
        if (assignment.getIdempotencyKey().isEmpty()) {
            assignment.setIdempotencyKey(assignment.getActionExecutionId());
        }
        assignment.setAction(action).setInput(ByteString.copyFrom(Json.bytes(Json.tree(input))));
        Assignment whole = assignment.build();
        Context context = new Context(whole, codec, this::hear);
        CompletableFuture<AssignmentResult> result = new CompletableFuture<>();
        Offered watched = new Offered(found.name(), found.options(), found.schema(), (its, given) -> {
            begun.complete(its);
            return found.call().run(its, given);
        });
        Outcomes.run(watched, whole, context, codec, result::complete);
        try {
            AssignmentResult ended = result.get(SECONDS, TimeUnit.SECONDS);
            synchronized (told) {
                return new Ended(ended, List.copyOf(told), codec);
            }
        } catch (InterruptedException | ExecutionException | TimeoutException fault) {
            throw new CompletionException("the action has not ended", fault);
        }
    }

    /** Runs the only action with an empty input. */
    public Ended run() {
        return run(actions.get(0).name(), Map.of());
    }

    private void hear(AssignmentProgress progress) {
        synchronized (told) {
            told.add(progress);
        }
    }

    private Offered find(String action) {
        return actions.stream()
                .filter(each -> each.name().equals(action))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no action " + action));
    }

    /** How a run ended, and what it said. */
    public static final class Ended {
        private final AssignmentResult ended;
        private final List<AssignmentProgress> told;
        private final Codec codec;

        private Ended(AssignmentResult ended, List<AssignmentProgress> told, Codec codec) {
            this.ended = ended;
            this.told = told;
            this.codec = codec;
        }

        /** Returns the result as it leaves the worker; fails when there is none. */
        public JsonElement sent() {
            if (!ended.hasSuccess()) {
                throw new IllegalStateException("the run has no result: " + ended);
            }
            return Json.parse(ended.getSuccess().getOutput().toStringUtf8());
        }

        /** Returns the result as a type, decrypted; fails when there is none. */
        @SuppressWarnings("unchecked")
        public <T> T result(Class<T> type) {
            return (T) Json.as(Sealing.opened(codec, sent()), type);
        }

        /** Returns what went wrong; fails when nothing did. */
        public ActionFailure failure() {
            if (!ended.hasFailure()) {
                throw new IllegalStateException("the run has not failed: " + ended);
            }
            AssignmentFailure said = ended.getFailure();
            ActionFailure failure = new ActionFailure(said.getType(), said.getMessage());
            if (!said.getDetails().isEmpty()) {
                failure = failure.withDetails(Json.parse(said.getDetails().toStringUtf8()));
            }
            return said.getPermanent() ? failure.permanent() : failure;
        }

        /** Whether it will be completed later. */
        public boolean isDeferred() {
            return ended.hasDeferral();
        }

        /** Whether it has ended because it was cancelled. */
        public boolean isCancelled() {
            return ended.hasCancellation();
        }

        /** Returns the percentages that it told. */
        public List<Double> percents() {
            return told.stream().filter(AssignmentProgress::hasPercent).map(AssignmentProgress::getPercent).toList();
        }

        /** Returns the details that it told. */
        public List<JsonElement> details() {
            return told.stream()
                    .filter(AssignmentProgress::hasDetails)
                    .map(each -> Json.parse(each.getDetails().toStringUtf8()))
                    .toList();
        }

        /** Returns the lines that it kept. */
        public List<String> log() {
            return told.stream()
                    .flatMap(each -> each.getLinesList().stream())
                    .map(LogLine::getMessage)
                    .toList();
        }
    }
}
