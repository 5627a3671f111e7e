package mesh.mistral.sdk;

import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before the next try to connect: longer each time, and never just as long as others wait. */
final class Backoff {
    private static final long FIRST_MILLIS = 50;
    private static final long LONGEST_MILLIS = 5000;
    private static final int MOST_DOUBLINGS = 10;

    private int failures;

    void reset() {
        failures = 0;
    }

    /** Returns the next pause: well within a lease, so that a worker is back before it runs out. */
    long next(long leaseMillis) {
        long longest = Math.min(LONGEST_MILLIS, leaseMillis / 4);
        long pause = Math.min(longest, FIRST_MILLIS << Math.min(failures++, MOST_DOUBLINGS));
        return pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
    }
}
