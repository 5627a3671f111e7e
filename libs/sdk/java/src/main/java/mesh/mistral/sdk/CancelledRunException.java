package mesh.mistral.sdk;

/** Ends a run that nobody wants any more; see {@link Context#throwIfCancelled()}. */
public final class CancelledRunException extends RuntimeException {
    CancelledRunException(String reason) {
        super(reason);
    }
}
