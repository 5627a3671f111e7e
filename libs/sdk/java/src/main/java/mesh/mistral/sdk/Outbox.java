package mesh.mistral.sdk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mistral.v1.WorkerOuterClass.AssignmentProgress;
import mistral.v1.WorkerOuterClass.AssignmentResult;
import mistral.v1.WorkerServiceOuterClass.WorkRequest;
import mistral.v1.WorkerServiceOuterClass.WorkerAcks;
import mistral.v1.WorkerServiceOuterClass.WorkerHeartbeat;
import mistral.v1.WorkerServiceOuterClass.WorkerProgress;
import mistral.v1.WorkerServiceOuterClass.WorkerResults;

/** What waits to be said: it collects while the stream is busy, and leaves in as few messages as the terms allow. */
final class Outbox {
    private static final int MOST_LINES = 1000;

    private final Deque<String> acks = new ArrayDeque<>();
    private final Deque<String> heartbeats = new ArrayDeque<>();
    private final Deque<AssignmentResult> results = new ArrayDeque<>();
    private final Map<String, AssignmentProgress.Builder> progress = new LinkedHashMap<>();
    private int credits;
    private boolean drain;
    Terms terms = Terms.BEFORE;

    void ack(String token) {
        acks.add(token);
    }

    void result(AssignmentResult result) {
        results.add(result);
    }

    void progress(AssignmentProgress said) {
        if (!said.hasPercent() && !said.hasDetails() && said.getLinesCount() == 0) {
            return;
        }
        AssignmentProgress.Builder known = progress.get(said.getToken());
        if (known == null) {
            progress.put(said.getToken(), said.toBuilder());
            return;
        }
        known.mergeFrom(said);
        while (known.getLinesCount() > MOST_LINES) {
            known.removeLines(0);
        }
    }

    void heartbeat(Iterable<String> tokens) {
        heartbeats.clear();
        tokens.forEach(heartbeats::add);
    }

    void credits(int more) {
        credits += more;
    }

    void drain() {
        drain = true;
        credits = 0;
    }

    /** Returns the next message; null when there is nothing to say. */
    WorkRequest next() {
        WorkRequest.Builder message = WorkRequest.newBuilder();
        if (!acks.isEmpty()) {
            return message.setAcks(WorkerAcks.newBuilder().addAllTokens(batch(acks))).build();
        }
        if (!progress.isEmpty()) {
            return message.setProgress(nextProgress()).build();
        }
        if (!results.isEmpty()) {
            return message.setResults(nextResults()).build();
        }
        if (!heartbeats.isEmpty()) {
            return message.setHeartbeat(WorkerHeartbeat.newBuilder().addAllTokens(batch(heartbeats)))
                    .build();
        }
        if (drain) {
            drain = false;
            message.getDrainBuilder();
            return message.build();
        }
        if (credits > 0) {
            message.getCreditsBuilder().setMore(credits);
            credits = 0;
            return message.build();
        }
        return null;
    }

    private WorkerProgress nextProgress() {
        WorkerProgress.Builder message = WorkerProgress.newBuilder();
        long room = terms.largestPayload();
        var each = progress.values().iterator();
        while (each.hasNext() && message.getProgressCount() < terms.largestBatch()) {
            AssignmentProgress said = each.next().build();
            room -= said.getSerializedSize();
            if (room < 0 && message.getProgressCount() > 0) {
                break;
            }
            message.addProgress(said);
            each.remove();
        }
        return message.build();
    }

    private WorkerResults nextResults() {
        long room = terms.largestPayload();
        WorkerResults.Builder message = WorkerResults.newBuilder();
        while (!results.isEmpty() && message.getResultsCount() < terms.largestBatch()) {
            room -= results.peek().getSerializedSize();
            if (room < 0 && message.getResultsCount() > 0) {
                break;
            }
            message.addResults(results.poll());
        }
        return message.build();
    }

    private List<String> batch(Deque<String> tokens) {
        List<String> some = new ArrayList<>();
        while (!tokens.isEmpty() && some.size() < terms.largestBatch()) {
            some.add(tokens.poll());
        }
        return some;
    }
}
