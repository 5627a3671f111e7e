package mesh.mistral.sdk;

/** Runs an action. */
@FunctionalInterface
public interface Handler<I> {
    /**
     * Returns the result: anything that can be written as JSON, {@link Context#defer()}, or a {@code CompletionStage} of
     * either.
     *
     * @throws Exception for any failure; an {@link ActionFailure} says more about it
     */
    Object run(Context context, I input) throws Exception;
}
