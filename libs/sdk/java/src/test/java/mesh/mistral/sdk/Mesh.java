package mesh.mistral.sdk;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerServiceGrpc;
import mistral.v1.WorkerServiceOuterClass.WorkRequest;
import mistral.v1.WorkerServiceOuterClass.WorkResponse;

/** The server's side of the protocol, said line by line by a test. */
final class Mesh extends WorkerServiceGrpc.WorkerServiceImplBase implements AutoCloseable {
    private static final long SECONDS = 30;

    private final String name = UUID.randomUUID().toString();
    private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>();
    private final Server server;

    Mesh() throws IOException {
        server = InProcessServerBuilder.forName(name).addService(this).build().start();
    }

    ManagedChannel channel() {
        return InProcessChannelBuilder.forName(name).build();
    }

    /** Returns the next stream that a worker opens. */
    Line next() throws InterruptedException {
        Line line = lines.poll(SECONDS, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("no worker connects");
        }
        return line;
    }

    @Override
    public StreamObserver<WorkRequest> work(StreamObserver<WorkResponse> answers) {
        Line line = new Line(answers);
        lines.add(line);
        return line;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    /** One stream. */
    static final class Line implements StreamObserver<WorkRequest> {
        private final BlockingQueue<WorkRequest> heard = new LinkedBlockingQueue<>();
        private final StreamObserver<WorkResponse> answers;
        volatile boolean completed;

        Line(StreamObserver<WorkResponse> answers) {
            this.answers = answers;
        }

        /** Returns the next message of a kind; others are passed over. */
        WorkRequest hear(WorkRequest.MessageCase kind) throws InterruptedException {
            while (true) {
                WorkRequest message = heard.poll(SECONDS, TimeUnit.SECONDS);
                if (message == null) {
                    throw new AssertionError("the worker does not say " + kind);
                }
                if (message.getMessageCase() == kind) {
                    return message;
                }
            }
        }

        void say(WorkResponse.Builder message) {
            answers.onNext(message.build());
        }

        /** Welcomes a worker; its heartbeats come every 50 ms. */
        void welcome() {
            WorkResponse.Builder message = WorkResponse.newBuilder();
            message.getWelcomeBuilder()
                    .setSession("s")
                    .getTermsBuilder()
                    .setLargestBatch(2)
                    .setLargestPayloadBytes(10_000)
                    .setLease(Duration.newBuilder().setSeconds(5))
                    .setHeartbeatInterval(Duration.newBuilder().setNanos(50_000_000));
            say(message);
        }

        void assign(String action, String input, String... tokens) {
            WorkResponse.Builder message = WorkResponse.newBuilder();
            for (String token : tokens) {
                message.getAssignmentsBuilder()
                        .addAssignments(Assignment.newBuilder()
                                .setToken(token)
                                .setAction(action)
                                .setAttempt(1)
                                .setInput(ByteString.copyFromUtf8(input)));
            }
            say(message);
        }

        void recorded(List<String> tokens) {
            WorkResponse.Builder message = WorkResponse.newBuilder();
            message.getRecordedBuilder().addAllTokens(tokens);
            say(message);
        }

        void breakOff(Status status) {
            answers.onError(status.asRuntimeException());
        }

        void end() {
            answers.onCompleted();
        }

        @Override
        public void onNext(WorkRequest message) {
            heard.add(message);
        }

        @Override
        public void onError(Throwable fault) {
            completed = true;
        }

        @Override
        public void onCompleted() {
            completed = true;
            answers.onCompleted();
        }
    }
}
