package mesh.mistral.sdk.conformance;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import mesh.mistral.sdk.Action;
import mesh.mistral.sdk.ActionFailure;
import mesh.mistral.sdk.Context;
import mesh.mistral.sdk.Param;

/** What the suite asks for. */
public final class Actions {
    private static final int LETTER_X = 'x';

    /** Input of conf.fail. */
    record Failing(
            @Param(required = false) String type,
            @Param(required = false) String message,
            @Param(required = false) JsonElement details,
            @Param(required = false) boolean permanent,
            @Param(required = false) String file) {}

    /** Where an attempt of conf.progress has come. */
    record Step(int step) {}

    /** Result of conf.progress. */
    record Progressed(int from, int steps) {}

    /** Result of conf.secret. */
    record Told(String secret, int length) {}

    @Action(value = "conf.echo", description = "Returns its input.")
    JsonObject echo(JsonObject input) {
        return input;
    }

    @Action("conf.fail")
    Object fail(Context context, Failing how) {
        Notes.append(how.file(), "begin", context);
        String type = Optional.ofNullable(how.type()).orElse("");
        ActionFailure failure = new ActionFailure(type, Optional.ofNullable(how.message()).orElse(""));
        if (how.details() != null && !how.details().isJsonNull()) {
            failure = failure.withDetails(how.details());
        }
        throw how.permanent() ? failure.permanent() : failure;
    }

    @Action("conf.odd")
    Object odd() {
        throw new StackOverflowError("odd");
    }

    @Action("conf.sleep")
    Map<String, Object> sleep(Context context, BigDecimal seconds, @Param(required = false) String file)
            throws InterruptedException {
        Notes.append(file, "begin", context);
        try {
            Thread.sleep(seconds.movePointRight(3).longValue());
        } catch (InterruptedException stopped) {
            Notes.append(file, "cancelled", context);
            throw stopped;
        }
        Notes.append(file, "end", context);
        return Map.of("slept", seconds);
    }

    @Action("conf.progress")
    Progressed progress(Context context, int steps, Optional<Double> seconds, @Param(required = false) String file)
            throws InterruptedException {
        int first = context.lastDetails(Step.class).map(Step::step).orElse(0) + 1;
        for (int step = first; step <= steps; step++) {
            Thread.sleep(Math.round(seconds.orElse(0.05) * 1000));
            context.progress(100.0 * step / steps, new Step(step));
            context.log("step " + step);
            Notes.append(file, "step", context);
        }
        return new Progressed(first, steps);
    }

    @Action("conf.crash")
    String crash(
            Context context,
            String when,
            @Param("once_file") String onceFile,
            @Param(required = false) String file) {
        Notes.append(file, "begin", context);
        if (when.equals("running")) {
            Notes.dieOnce(onceFile);
        }
        return "survived";
    }

    @Action("conf.defer")
    Object defer(Context context, @Param(required = false) String file) {
        Notes.append(file, "begin", context);
        return context.defer();
    }

    @Action(value = "conf.secret", encrypt = "secret")
    Told secret(String secret) {
        return new Told(secret, secret.codePointCount(0, secret.length()));
    }

    @Action("conf.blob")
    String blob(int size, Optional<Integer> letter) {
        return Character.toString(letter.orElse(LETTER_X)).repeat(size);
    }
}
