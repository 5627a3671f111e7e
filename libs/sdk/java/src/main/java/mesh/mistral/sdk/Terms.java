package mesh.mistral.sdk;

import com.google.protobuf.Duration;
import mistral.v1.WorkerOuterClass.WorkerTerms;

/** Times and limits of a session; what the server left out has a sensible value. */
record Terms(long leaseMillis, long heartbeatMillis, int largestBatch, long largestPayload) {
    static final Terms BEFORE = new Terms(10_000, 3_300, 100, 1 << 20);

    static Terms of(WorkerTerms said) {
        long lease = said.hasLease() ? millis(said.getLease()) : BEFORE.leaseMillis;
        long heartbeat = said.hasHeartbeatInterval() ? millis(said.getHeartbeatInterval()) : lease / 3;
        return new Terms(
                lease,
                Math.max(heartbeat, 1),
                said.getLargestBatch() > 0 ? said.getLargestBatch() : BEFORE.largestBatch,
                said.getLargestPayloadBytes() > 0 ? said.getLargestPayloadBytes() : BEFORE.largestPayload);
    }

    private static long millis(Duration said) {
        return said.getSeconds() * 1000 + said.getNanos() / 1_000_000;
    }
}
