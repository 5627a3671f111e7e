package mesh.mistral.sdk;

/** Says that a run went wrong, and how; thrown by a handler. */
public final class ActionFailure extends RuntimeException {
    private final String type;
    private final transient Object details;
    private final boolean permanent;

    private ActionFailure(String type, String message, Object details, boolean permanent, Throwable cause) {
        super(message, cause);
        this.type = type;
        this.details = details;
        this.permanent = permanent;
    }

    /** With a message alone. */
    public ActionFailure(String message) {
        this("", message, null, false, null);
    }

    /** With a type for programs, such as {@code CardDeclined}. */
    public ActionFailure(String type, String message) {
        this(type, message, null, false, null);
    }

    /** The same with more about it: anything that can be written as JSON. */
    public ActionFailure withDetails(Object details) {
        return new ActionFailure(type, getMessage(), details, permanent, getCause());
    }

    /** The same for good: the {@code retry} policy of the task does not try again. */
    public ActionFailure permanent() {
        return new ActionFailure(type, getMessage(), details, true, getCause());
    }

    /** The same, and what led to it, for the log of the worker. */
    public ActionFailure because(Throwable cause) {
        return new ActionFailure(type, getMessage(), details, permanent, cause);
    }

    /** The type; empty for none. */
    public String type() {
        return type;
    }

    /** More about it; null for nothing. */
    public Object details() {
        return details;
    }

    /** Whether it is not to be tried again. */
    public boolean isPermanent() {
        return permanent;
    }
}
