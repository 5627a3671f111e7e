package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentCancellation;
import mistral.v1.WorkerOuterClass.AssignmentDeferral;
import mistral.v1.WorkerOuterClass.AssignmentFailure;
import mistral.v1.WorkerOuterClass.AssignmentResult;

/** Runs handlers, and says what came of them. */
final class Outcomes {
    private static final System.Logger LOG = System.getLogger("mesh.mistral.sdk");

    private Outcomes() {}

    /** Runs a handler in this thread; the consumer gets the result now or, when the handler returned a stage, when that ends. */
    static void run(
            Offered action, Assignment assignment, Context context, Codec codec, Consumer<AssignmentResult> then) {
        Object value;
        try {
            context.enter();
            try {
                context.throwIfCancelled();
                value = action.call().run(context, input(assignment, codec));
            } finally {
                context.leave();
            }
        } catch (Throwable thrown) {
            // Whatever a handler throws is the failure of its run, not of the worker.
            then.accept(failed(assignment, context, thrown));
            return;
        }
        if (value instanceof CompletionStage<?> later) {
            later.whenComplete((result, thrown) -> then.accept(
                    thrown == null
                            ? ended(action, assignment, context, codec, result)
                            : failed(assignment, context, thrown)));
        } else {
            then.accept(ended(action, assignment, context, codec, value));
        }
    }

    private static JsonObject input(Assignment assignment, Codec codec) {
        JsonObject sent = Json.object(assignment.getInput().toByteArray());
        return Sealing.opened(codec, sent).getAsJsonObject();
    }

    private static AssignmentResult ended(
            Offered action, Assignment assignment, Context context, Codec codec, Object value) {
        AssignmentResult.Builder result = result(assignment);
        if (Context.isDeferred(value)) {
            return result.setDeferral(AssignmentDeferral.getDefaultInstance()).build();
        }
        try {
            JsonElement sealed = Sealing.sealed(codec, Json.tree(value), action.options().encrypt());
            result.getSuccessBuilder().setOutput(ByteString.copyFrom(Json.bytes(sealed)));
            return result.build();
        } catch (RuntimeException fault) {
            return failed(assignment, context, fault);
        }
    }

    private static AssignmentResult failed(Assignment assignment, Context context, Throwable thrown) {
        Throwable cause = unwrapped(thrown);
        AssignmentResult.Builder result = result(assignment);
        if (context.isCancelled() && (cause instanceof CancelledRunException || cause instanceof InterruptedException)) {
            return result.setCancellation(AssignmentCancellation.getDefaultInstance()).build();
        }
        return result.setFailure(failure(assignment, cause)).build();
    }

    private static AssignmentFailure.Builder failure(Assignment assignment, Throwable cause) {
        AssignmentFailure.Builder failure = AssignmentFailure.newBuilder();
        if (cause instanceof ActionFailure said) {
            failure.setType(said.type()).setMessage(text(said)).setPermanent(said.isPermanent());
            if (said.details() != null) {
                try {
                    failure.setDetails(ByteString.copyFrom(Json.bytes(Json.tree(said.details()))));
                } catch (IllegalArgumentException fault) {
                    LOG.log(System.Logger.Level.ERROR, "details of a failure are left out", fault);
                }
            }
            return failure;
        }
        LOG.log(System.Logger.Level.WARNING, () -> assignment.getAction() + " failed", cause);
        return failure.setType(cause.getClass().getSimpleName()).setMessage(text(cause));
    }

    /** A lone half of a surrogate pair cannot be written as UTF-8; it becomes a question mark. */
    private static String text(Throwable cause) {
        String said = cause.getMessage() == null || cause.getMessage().isEmpty() ? cause.toString() : cause.getMessage();
        return new String(said.getBytes(java.nio.charset.StandardCharsets.UTF_8), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static Throwable unwrapped(Throwable thrown) {
        boolean wrapped = thrown instanceof CompletionException || thrown instanceof ExecutionException;
        return wrapped && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    private static AssignmentResult.Builder result(Assignment assignment) {
        return AssignmentResult.newBuilder().setToken(assignment.getToken());
    }
}
