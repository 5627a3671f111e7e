package mesh.mistral.sdk;

import mistral.v1.WorkerOuterClass.LogLevel;

/** How much a line of a run's log matters. */
public enum Level {
    /** For who looks for a fault. */
    DEBUG(LogLevel.LOG_LEVEL_DEBUG),
    /** What goes on. */
    INFO(LogLevel.LOG_LEVEL_INFO),
    /** What may become a problem. */
    WARNING(LogLevel.LOG_LEVEL_WARNING),
    /** What went wrong. */
    ERROR(LogLevel.LOG_LEVEL_ERROR);

    final LogLevel wire;

    Level(LogLevel wire) {
        this.wire = wire;
    }
}
