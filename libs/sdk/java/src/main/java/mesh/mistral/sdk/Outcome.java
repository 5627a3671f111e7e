package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.lang.reflect.Type;
import mistral.v1.ExecutionOuterClass;
import mistral.v1.StateOuterClass.State;

/**
 * How an execution stands.
 *
 * @param id of the execution
 * @param state such as {@code SUCCESS}
 * @param stateInfo why, for people; empty when there is nothing to say
 * @param output what it gave, decrypted; empty until it is final
 */
public record Outcome(String id, String state, String stateInfo, JsonObject output) {
    private static final String PREFIX = "STATE_";

    static Outcome of(ExecutionOuterClass.Execution execution, Codec codec) {
        String text = execution.getOutput();
        JsonElement output = text.isEmpty() ? new JsonObject() : Sealing.opened(codec, Json.parse(text));
        return new Outcome(
                execution.getId(), name(execution.getState()), execution.getStateInfo(), output.getAsJsonObject());
    }

    static String name(State state) {
        return state.name().startsWith(PREFIX) ? state.name().substring(PREFIX.length()) : state.name();
    }

    /** Whether it has ended, in whichever way. */
    public boolean isFinal() {
        return succeeded() || state.equals("ERROR") || state.equals("CANCELLED");
    }

    /** Whether it ended well. */
    public boolean succeeded() {
        return state.equals("SUCCESS");
    }

    /** Returns a value of the output as a type; null when it is not there. */
    public <T> T output(String name, Class<T> type) {
        return output(name, (Type) type);
    }

    /** The same for a type with parameters. */
    @SuppressWarnings("unchecked")
    public <T> T output(String name, Type type) {
        return (T) Json.as(output.get(name), type);
    }

    /** Returns itself if it ended well; otherwise fails with what is known. */
    public Outcome orThrow() {
        if (!succeeded()) {
            String why = stateInfo.isEmpty() ? "" : ": " + stateInfo;
            throw new IllegalStateException("execution " + id + " is " + state + why);
        }
        return this;
    }
}
