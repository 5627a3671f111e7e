package mesh.mistral.sdk;

import mistral.v1.WorkerOuterClass.Assignment;
import mistral.v1.WorkerOuterClass.AssignmentResult;

/** Hears what goes on in a worker, for metrics and logs. It is called on the worker's own thread and must not block it. */
public interface WorkerListener {
    /** The mesh has welcomed the worker; also after every reconnect. */
    default void welcomed(String session) {}

    /** The connection is lost; it will be made again. */
    default void disconnected(Throwable reason) {}

    /** A run has arrived, and is not acknowledged yet. */
    default void assigned(Assignment assignment) {}

    /** A handler has ended; its result is about to be sent. */
    default void ended(Assignment assignment, AssignmentResult result) {}

    /** A result was sent, and is not recorded yet. */
    default void sent(Assignment assignment) {}

    /** A result is recorded. */
    default void recorded(Assignment assignment) {}

    /** A run was taken away: its result counts for nothing. */
    default void rejected(Assignment assignment, String reason) {}
}
