package mesh.mistral.sdk;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerServiceGrpc;
import mistral.v1.WorkerServiceOuterClass.WorkRequest;
import mistral.v1.WorkerServiceOuterClass.WorkResponse;
import mistral.v1.WorkerServiceOuterClass.WorkerHello;

/** One stream. Everything but the callbacks of gRPC happens on the worker's own thread, and so do the consumers. */
final class Session implements ClientResponseObserver<WorkRequest, WorkResponse> {
    final Outbox outbox = new Outbox();
    private final Executor thread;
    private final BiConsumer<Session, WorkResponse> heard;
    private final BiConsumer<Session, Throwable> ended;
    private final Consumer<AssignmentResult> sent;
    private ClientCallStreamObserver<WorkRequest> call;
    private boolean welcomed;
    private boolean closed;
    private boolean flushing;

    Session(
            Executor thread,
            BiConsumer<Session, WorkResponse> heard,
            BiConsumer<Session, Throwable> ended,
            Consumer<AssignmentResult> sent) {
        this.thread = thread;
        this.heard = heard;
        this.ended = ended;
        this.sent = sent;
    }

    void open(ManagedChannel channel, WorkerHello hello) {
        WorkerServiceGrpc.newStub(channel).work(this);
        call.onNext(WorkRequest.newBuilder().setHello(hello).build());
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<WorkRequest> call) {
        this.call = call;
        call.setOnReadyHandler(() -> thread.execute(this::flush));
    }

    @Override
    public void onNext(WorkResponse message) {
        thread.execute(() -> heard.accept(this, message));
    }

    @Override
    public void onError(Throwable reason) {
        thread.execute(() -> ended.accept(this, reason));
    }

    @Override
    public void onCompleted() {
        thread.execute(() -> ended.accept(this, null));
    }

    void welcome(Terms terms) {
        welcomed = true;
        outbox.terms = terms;
        soon();
    }

    boolean isWelcomed() {
        return welcomed;
    }

    /** Sends what waits, once everything that has happened by now has added to it. */
    void soon() {
        if (!flushing) {
            flushing = true;
            thread.execute(this::flush);
        }
    }

    private void flush() {
        flushing = false;
        while (welcomed && !closed && call.isReady()) {
            WorkRequest message = outbox.next();
            if (message == null) {
                return;
            }
            call.onNext(message);
            message.getResults().getResultsList().forEach(sent);
        }
    }

    /** Ends it in peace. */
    void complete() {
        if (!closed) {
            closed = true;
            call.onCompleted();
        }
    }

    /** Breaks it off. */
    void cancel(String reason) {
        closed = true;
        if (call != null) {
            call.cancel(reason, Status.CANCELLED.withDescription(reason).asException());
        }
    }
}
