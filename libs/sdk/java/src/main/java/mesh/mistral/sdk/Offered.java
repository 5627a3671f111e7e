package mesh.mistral.sdk;

import com.google.gson.JsonObject;
import java.lang.reflect.Type;
import mistral.v1.WorkerOuterClass.ActionOffer;

/** An action that a worker offers: what is said of it, and how its input becomes a call. */
record Offered(String name, ActionOptions options, JsonObject schema, Call call) {
    /** Runs it with its decrypted input. */
    @FunctionalInterface
    interface Call {
        Object run(Context context, JsonObject input) throws Exception;
    }

    Offered {
        if (name.isBlank() || name.length() > 255 || name.startsWith("std.")) {
            throw new IllegalArgumentException(
                    "an action's name has 1 to 255 characters and does not begin with 'std.', unlike '" + name + "'");
        }
    }

    /** From a handler of the whole input. */
    static <I> Offered of(String name, ActionOptions options, Type input, Handler<I> handler) {
        return new Offered(name, options, Schemas.of(input), (context, given) -> handler.run(context, read(given, input)));
    }

    @SuppressWarnings("unchecked")
    private static <I> I read(JsonObject given, Type input) {
        return (I) Json.as(given, input);
    }

    ActionOffer offer() {
        return ActionOffer.newBuilder()
                .setName(name)
                .setDescription(options.description())
                .setInputSchema(schema.isEmpty() ? "" : Json.text(Sealing.allowed(schema, options.encrypt())))
                .setSafeRerun(options.safeRerun())
                .setPublic(options.shared())
                .setConcurrency(options.concurrency())
                .build();
    }
}
