package mesh.mistral.sdk;

import io.grpc.Context.CancellableContext;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.function.Predicate;
import mistral.v1.ExecutionOuterClass.ExecutionEvent;
import mistral.v1.ExecutionServiceOuterClass.GetExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.PauseExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.ResumeExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.StopExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.WatchExecutionRequest;
import mistral.v1.ExecutionServiceOuterClass.WatchExecutionResponse;
import mistral.v1.StateOuterClass.State;

/** One run of a workflow. */
public final class Execution {
    private static final long LONGEST_WAIT_MILLIS = 20_000;
    private static final long PAUSE_MILLIS = 500;

    private final Client client;
    private final String id;

    Execution(Client client, String id) {
        this.client = client;
        this.id = id;
    }

    /** Its id. */
    public String id() {
        return id;
    }

    /** Returns how it stands now. */
    public Outcome get() {
        return get(0);
    }

    /** Waits until it has ended, but not longer; the outcome says how it stands then. */
    public Outcome await(Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        while (true) {
            long left = Math.max(0, (end - System.nanoTime()) / 1_000_000);
            Outcome now = get(Math.min(left, LONGEST_WAIT_MILLIS));
            if (now.isFinal() || left == 0) {
                return now;
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /**
     * Hears what happens to it and its tasks, from the first event on, until it has ended or the listener returns false. A
     * connection that breaks is made again, and no event is told twice.
     */
    public void watch(Predicate<ExecutionEvent> listener) {
        watch(0, listener);
    }

    /** The same, after the event of a position. */
    public void watch(long afterPosition, Predicate<ExecutionEvent> listener) {
        long[] position = {afterPosition};
        while (true) {
            CancellableContext context = io.grpc.Context.current().withCancellation();
            try {
                context.call(() -> {
                    follow(position, listener);
                    return null;
                });
                return;
            } catch (StatusRuntimeException fault) {
                if (fault.getStatus().getCode() != Status.Code.UNAVAILABLE) {
                    throw fault;
                }
                // Fails for good when the mesh stays away.
                client.insist(this::get);
                Client.rest(PAUSE_MILLIS, fault);
            } catch (RuntimeException fault) {
                throw fault;
            } catch (Exception fault) {
                throw new IllegalStateException("a watch throws nothing checked", fault);
            } finally {
                context.cancel(null);
            }
        }
    }

    private void follow(long[] position, Predicate<ExecutionEvent> listener) {
        WatchExecutionRequest request = WatchExecutionRequest.newBuilder()
                .setId(id)
                .setAfterPosition(position[0])
                .build();
        Iterator<WatchExecutionResponse> answers = client.executionsWithoutEnd().watchExecution(request);
        while (answers.hasNext()) {
            ExecutionEvent event = answers.next().getEvent();
            position[0] = event.getPosition();
            if (!listener.test(event)) {
                return;
            }
        }
    }

    /** Holds it: what runs goes on, nothing further begins. */
    public Outcome pause() {
        PauseExecutionRequest request = PauseExecutionRequest.newBuilder().setId(id).build();
        return outcome(client.insist(() -> client.executions().pauseExecution(request)).getExecution());
    }

    /** Lets it go on. */
    public Outcome resume() {
        ResumeExecutionRequest request = ResumeExecutionRequest.newBuilder().setId(id).build();
        return outcome(client.insist(() -> client.executions().resumeExecution(request)).getExecution());
    }

    /** Ends it as cancelled; workers are told to stop. */
    public Outcome cancel(String reason) {
        return stop(State.STATE_CANCELLED, reason);
    }

    /** Ends it as SUCCESS, ERROR or CANCELLED. */
    public Outcome stop(State state, String reason) {
        StopExecutionRequest request = StopExecutionRequest.newBuilder()
                .setId(id)
                .setState(state)
                .setMessage(reason)
                .build();
        return outcome(client.insist(() -> client.executions().stopExecution(request)).getExecution());
    }

    private Outcome get(long waitMillis) {
        GetExecutionRequest.Builder request = GetExecutionRequest.newBuilder().setId(id);
        if (waitMillis > 0) {
            request.getWaitBuilder()
                    .setSeconds(waitMillis / 1000)
                    .setNanos((int) (waitMillis % 1000) * 1_000_000);
        }
        GetExecutionRequest asked = request.build();
        return outcome(client.insist(() -> client.executions().getExecution(asked)).getExecution());
    }

    private Outcome outcome(mistral.v1.ExecutionOuterClass.Execution execution) {
        return Outcome.of(execution, client.codec());
    }

    @Override
    public String toString() {
        return "execution " + id;
    }
}
