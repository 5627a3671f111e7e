package mesh.mistral.sdk;

/** A worker has stopped for good: the mesh does not want it, or another instance has taken over its name. */
public final class WorkerException extends RuntimeException {
    WorkerException(String message, Throwable cause) {
        super(message, cause);
    }
}
