package mesh.mistral.sdk;

import java.util.List;

/**
 * What an action is beyond its handler; see {@link Action} for the same as an annotation.
 *
 * @param description what it does, for people
 * @param safeRerun whether a second run does no harm
 * @param shared whether all projects may use it
 * @param concurrency most runs at once in this worker; 0 leaves it to the slots
 * @param encrypt ways to what is encrypted before a result leaves; the input may have it encrypted, too
 */
public record ActionOptions(
        String description, boolean safeRerun, boolean shared, int concurrency, List<String> encrypt) {
    /** Nothing special. */
    public static final ActionOptions NONE = new ActionOptions("", false, false, 0, List.of());

    public ActionOptions {
        encrypt = List.copyOf(encrypt);
        if (concurrency < 0) {
            throw new IllegalArgumentException("concurrency must be 0 or more, not " + concurrency);
        }
    }

    /** Nothing but a description. */
    public static ActionOptions described(String description) {
        return new ActionOptions(description, false, false, 0, List.of());
    }

    /** The same, and a second run does no harm. */
    public ActionOptions safeToRerun() {
        return new ActionOptions(description, true, shared, concurrency, encrypt);
    }

    /** The same, for all projects. */
    public ActionOptions sharedWithAll() {
        return new ActionOptions(description, safeRerun, true, concurrency, encrypt);
    }

    /** The same with at most so many runs at once. */
    public ActionOptions atMost(int concurrency) {
        return new ActionOptions(description, safeRerun, shared, concurrency, encrypt);
    }

    /** The same with what is at these ways encrypted. */
    public ActionOptions encrypting(String... ways) {
        return new ActionOptions(description, safeRerun, shared, concurrency, List.of(ways));
    }
}
