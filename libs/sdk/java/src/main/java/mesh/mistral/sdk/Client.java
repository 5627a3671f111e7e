package mesh.mistral.sdk;

import com.google.gson.JsonObject;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import mistral.v1.ActionExecutionServiceGrpc;
import mistral.v1.ActionExecutionServiceOuterClass.CompleteActionExecutionRequest;
import mistral.v1.ExecutionServiceGrpc;
import mistral.v1.ExecutionServiceOuterClass.StartExecutionRequest;
import mistral.v1.StateOuterClass.State;
import mistral.v1.WorkflowOuterClass.Workflow;
import mistral.v1.WorkflowServiceGrpc;
import mistral.v1.WorkflowServiceOuterClass.CreateWorkflowsRequest;
import mistral.v1.WorkflowServiceOuterClass.UpdateWorkflowsRequest;

/**
 * Stores workflows, starts and watches them. What fails because the mesh cannot be reached is tried again, as long as {@link
 * #patience} allows. Calls fail with gRPC's StatusRuntimeException. Safe to use from many threads.
 */
public final class Client implements AutoCloseable {
    private static final long CALL_SECONDS = 30;
    private static final long PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2000;

    private final ManagedChannel channel;
    private final Codec codec;
    private final Duration patience;

    private Client(ManagedChannel channel, Codec codec, Duration patience) {
        this.channel = channel;
        this.codec = codec;
        this.patience = patience;
    }

    /** As the environment says; see {@link Connection#fromEnvironment()}. */
    public static Client connect() {
        return connect(Connection.fromEnvironment());
    }

    /** To a mesh. */
    public static Client connect(Connection connection) {
        return new Client(connection.open(), null, Duration.ofSeconds(30));
    }

    /** The same connection with a codec: what {@link #encrypt} marks is encrypted, and outputs are decrypted. */
    public Client with(Codec codec) {
        return new Client(channel, codec, patience);
    }

    /** The same connection with another time to try again in; 30 seconds if it is not said. */
    public Client patience(Duration patience) {
        return new Client(channel, codec, patience);
    }

    /** Returns what stands for a value in an input, so that the server does not see it. */
    public JsonObject encrypt(Object value) {
        if (codec == null) {
            throw new IllegalStateException("the client has no codec to encrypt with");
        }
        return codec.encrypt(Json.tree(value));
    }

    /** Stores the workflows of a document, or replaces their texts; returns their names. */
    public List<String> upload(String definition) {
        return upload(definition, "");
    }

    /** The same in a namespace. */
    public List<String> upload(String definition, String namespace) {
        UpdateWorkflowsRequest update = UpdateWorkflowsRequest.newBuilder()
                .setDefinition(definition)
                .setNamespace(namespace)
                .build();
        CreateWorkflowsRequest create = CreateWorkflowsRequest.newBuilder()
                .setDefinition(definition)
                .setNamespace(namespace)
                .setRequestId(UUID.randomUUID().toString())
                .build();
        List<Workflow> stored;
        try {
            stored = insist(() -> workflows().createWorkflows(create)).getWorkflowsList();
        } catch (StatusRuntimeException fault) {
            if (fault.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw fault;
            }
            stored = insist(() -> workflows().updateWorkflows(update)).getWorkflowsList();
        }
        return stored.stream().map(Workflow::getName).toList();
    }

    /** Starts a workflow with an input: a map, a record, a JSON object. */
    public Execution start(String workflow, Object input) {
        return start(workflow, input, UUID.randomUUID().toString());
    }

    /**
     * Starts a workflow once, however often it is asked for.
     *
     * @param requestId key of this start, unique within the project; at most 128 characters
     */
    public Execution start(String workflow, Object input, String requestId) {
        return start(StartExecutionRequest.newBuilder()
                .setWorkflow(workflow)
                .setInput(Json.text(input))
                .setRequestId(requestId)
                .build());
    }

    /** Starts with everything that a start can say; without a request id or an id it is not tried again. */
    public Execution start(StartExecutionRequest request) {
        boolean repeatable = !request.getRequestId().isEmpty() || !request.getId().isEmpty();
        Supplier<String> call =
                () -> executions().startExecution(request).getExecution().getId();
        return execution(repeatable ? insist(call) : call.get());
    }

    /** Starts a workflow and waits until it has ended. */
    public Outcome run(String workflow, Object input, Duration atMost) throws InterruptedException {
        return start(workflow, input).await(atMost);
    }

    /** An execution by its id. */
    public Execution execution(String id) {
        return new Execution(this, id);
    }

    /** Completes a run that its handler deferred; the result is written as a JSON object. */
    public void complete(String actionExecutionId, Object result) {
        end(actionExecutionId, State.STATE_SUCCESS, result);
    }

    /** Lets a run that its handler deferred fail. */
    public void fail(String actionExecutionId, Object error) {
        end(actionExecutionId, State.STATE_ERROR, error);
    }

    private void end(String id, State state, Object value) {
        CompleteActionExecutionRequest request = CompleteActionExecutionRequest.newBuilder()
                .setId(id)
                .setState(state)
                .setOutput(Json.text(value))
                .build();
        insist(() -> ActionExecutionServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .completeActionExecution(request));
    }

    /** Ends the connection; all clients made of it are of no use any more. */
    @Override
    public void close() {
        channel.shutdownNow();
    }

    Codec codec() {
        return codec;
    }

    ExecutionServiceGrpc.ExecutionServiceBlockingStub executions() {
        return ExecutionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
    }

    ExecutionServiceGrpc.ExecutionServiceBlockingStub executionsWithoutEnd() {
        return ExecutionServiceGrpc.newBlockingStub(channel);
    }

    private WorkflowServiceGrpc.WorkflowServiceBlockingStub workflows() {
        return WorkflowServiceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
    }

    /** Makes a call that may be repeated until it is answered. */
    <T> T insist(Supplier<T> call) {
        long end = System.nanoTime() + patience.toNanos();
        long pause = PAUSE_MILLIS;
        while (true) {
            try {
                return call.get();
            } catch (StatusRuntimeException fault) {
                long left = end - System.nanoTime();
                if (fault.getStatus().getCode() != Status.Code.UNAVAILABLE || left <= 0) {
                    throw fault;
                }
                rest(pause, fault);
                channel.resetConnectBackoff();
                pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
            }
        }
    }

    /** Waits for a moment that differs from others'. */
    static void rest(long longestMillis, StatusRuntimeException fault) {
        try {
            Thread.sleep(longestMillis / 2 + ThreadLocalRandom.current().nextLong(longestMillis / 2 + 1));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw fault;
        }
    }
}
